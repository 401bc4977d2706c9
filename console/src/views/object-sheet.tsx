// Everything on the picked object: where it is, its orbit, where we have it from, who may see it and why.

import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { getNotPlaced, type ObjectPanel } from "../api";
import { geodetic } from "../globe/geodesy";
import { STANDING_WORDS, type Picture } from "../objects";
import { session } from "../session";
import { selectedRow, store, useStore } from "../store";
import { spanText, utcText } from "../utc";
import { Mark } from "./marks";
import { LabelParts, NotForYou, Sights } from "./release";

const ONE_OF: Record<string, string> = { own: "Own track", partner: "Partner's track", element_set: "Element set" };

export function ObjectSheet() {
  const selected = useStore((state) => state.selected);
  const picture = useStore((state) => state.picture);
  const row = useStore(selectedRow);
  useEffect(() => say(picture, row), [selected, row >= 0]);
  if (selected === null || !picture) return null;
  return (
    <aside class="sheet" aria-label="Picked object">
      {row < 0 ? <Gone object={selected} /> : <Sheet picture={picture} row={row} />}
    </aside>
  );
}

function say(picture: Picture | null, row: number): void {
  if (!picture || row < 0) return;
  const { name, source, regime } = picture.columns;
  store.set({ said: `Picked ${name[row]}, ${STANDING_WORDS[picture.standing[row]]}, ${regime[row]}, from ${source[row]}` });
}

function Gone({ object }: { object: string }) {
  return (
    <>
      <Head title={object} />
      <p class="empty">The picture holds this object no longer.</p>
    </>
  );
}

function Head({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="sheet-head">
      {children}
      <h2>{title}</h2>
      <button type="button" class="quiet" onClick={() => session.select(null)} title="Close (Esc)">
        Close
      </button>
    </div>
  );
}

function Sheet({ picture, row }: { picture: Picture; row: number }) {
  const { columns, standing } = picture;
  const panel = useStore((state) => state.panel);
  const trouble = useStore((state) => state.panelTrouble);
  const frame = useStore((state) => state.orbitFrame);
  const noGlobe = useStore((state) => state.noGlobe);
  return (
    <>
      <Head title={columns.name[row]}>
        <Mark standing={standing[row]} />
      </Head>
      <div class="sheet-body" tabIndex={0} role="group" aria-label={`Facts on ${columns.name[row]}`}>
        {noGlobe === null && (
          <div class="sheet-actions">
            <button type="button" onClick={() => session.centre()}>
              Centre
            </button>
            <div class="switch" role="group" aria-label="Orbit drawn as">
              <button type="button" aria-pressed={frame === "inertial"} onClick={() => store.set({ orbitFrame: "inertial" })}>
                Inertial orbit
              </button>
              <button
                type="button"
                aria-pressed={frame === "earth_fixed"}
                onClick={() => store.set({ orbitFrame: "earth_fixed" })}
              >
                Seen from the ground
              </button>
            </div>
          </div>
        )}
        <dl class="facts">
          <Line name="Source">
            {ONE_OF[standing[row]]} from {columns.source[row]}
            <span class="muted">, {columns.designator[row] ? `number ${columns.designator[row]}` : "no number claimed"}</span>
          </Line>
          <Age epoch={columns.epoch_tai_s[row]} />
          {noGlobe === null && <Where picture={picture} row={row} />}
          <Line name="Orbit">
            {columns.regime[row]}, {altitude(columns.perigee_altitude_m[row])} to {altitude(columns.apogee_altitude_m[row])} km,{" "}
            {columns.inclination_deg[row]?.toFixed(2) ?? "none"}°
          </Line>
          <Line name="Sigma">
            {columns.position_sigma_m[row] === null ? "not stated" : `${columns.position_sigma_m[row]?.toFixed(0)} m`}
          </Line>
        </dl>
        {trouble && <p class="empty">{trouble}</p>}
        {panel && <Release panel={panel} />}
        {panel && <Elements panel={panel} />}
      </div>
    </>
  );
}

const altitude = (metres: number | null): string =>
  metres === null ? "open" : Math.round(metres / 1000).toLocaleString("en-GB");

function Line({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Age({ epoch }: { epoch: number }) {
  const now = useStore((state) => Math.floor(state.tick?.tai ?? epoch));
  const age = now - epoch;
  return (
    <Line name="Age">
      {spanText(age)} {age < 0 ? "before its epoch" : "old"}
      <span class="muted">, epoch {utcText(epoch).replace("T", " ").slice(0, 16)}</span>
    </Line>
  );
}

function Where({ picture, row }: { picture: Picture; row: number }) {
  const tai = useStore((state) => Math.floor(state.tick?.tai ?? 0));
  useStore((state) => state.tick?.drawn); // positions may arrive after a time was set that then rests
  const place = session.globe?.place(row) ?? null;
  const why = useNotPlaced(place === null ? picture.columns.object[row] : null, tai);
  if (!place) return <Line name="Now">no place: {why}</Line>;
  const { latDeg, lonDeg, heightKm } = geodetic(place.km);
  return (
    <Line name="Now">
      {degrees(latDeg, "N", "S")} {degrees(lonDeg, "E", "W")}, {Math.round(heightKm).toLocaleString("en-GB")} km up
    </Line>
  );
}

const degrees = (value: number, plus: string, minus: string): string =>
  `${Math.abs(value).toFixed(1)}° ${value < 0 ? minus : plus}`;

function useNotPlaced(object: string | null, tai: number): string {
  const [why, setWhy] = useState("its position is awaited");
  const hour = Math.floor(tai / 3600);
  useEffect(() => {
    if (object === null) return;
    getNotPlaced(object, tai)
      .then((words) => setWhy(words ?? "its position is awaited"))
      .catch(() => setWhy("the node does not say why"));
  }, [object, hour]);
  return why;
}

function Release({ panel }: { panel: ObjectPanel }) {
  return (
    <>
      <h3>Who may see it</h3>
      {panel.who_may_see === null && <NotForYou />}
      {panel.who_may_see?.length === 0 && <p class="muted">No partners: nobody but us.</p>}
      <Sights sights={panel.who_may_see ?? []} />
      <h3>Label</h3>
      <LabelParts label={panel.label} />
      <p class="muted">
        Made from {panel.inputs} {panel.inputs === 1 ? "record" : "records"}; {panel.derived} made from it.
      </p>
    </>
  );
}

function Elements({ panel }: { panel: ObjectPanel }) {
  return (
    <>
      <h3>Elements</h3>
      <dl class="facts elements">
        {panel.elements.map((fact) => (
          <Line key={fact.name} name={fact.name}>
            {fact.value} <span class="muted">{fact.unit}</span>
          </Line>
        ))}
      </dl>
    </>
  );
}
