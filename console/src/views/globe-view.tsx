// The globe's place in the page: canvas, pointer, keys, and the marks that stand above it as text.

import { useEffect, useRef } from "preact/hooks";
import { Globe } from "../globe/globe";
import { session } from "../session";
import { selectedRow, store, useStore, type State } from "../store";
import { onRepaint, palette } from "../theme";

const CLICK_PX = 4;
const TURN_DEG = 6;
/** From the middle of the ring to the name beside it, and from the name to the edge of the globe's area. */
const NAME_PX = 17;
const EDGE_PX = 4;

export function GlobeView() {
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const marker = useRef<HTMLDivElement>(null);
  const second = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!box.current || !canvas.current || !marker.current || !second.current) return undefined;
    return run(box.current, canvas.current, marker.current, second.current);
  }, []);
  return (
    <div class="globe" ref={box}>
      <canvas
        ref={canvas}
        tabIndex={0}
        role="application"
        aria-label="Globe with all objects. Arrow keys turn it, plus and minus zoom; the table holds the same objects."
        onKeyDown={turnByKey}
      />
      <div class="marker" ref={marker} hidden>
        <span class="ring" />
        <PickedName row={selectedRow} />
      </div>
      <div class="marker companion" ref={second} hidden>
        <span class="ring" />
        <PickedName row={companionRow} />
      </div>
      <div class="zoom" role="group" aria-label="Zoom">
        <button type="button" aria-label="Nearer" onClick={() => session.globe?.view.zoom(0.8)}>
          +
        </button>
        <button type="button" aria-label="Farther" onClick={() => session.globe?.view.zoom(1.25)}>
          −
        </button>
        <button type="button" aria-label="First view" onClick={() => session.globe?.view.home()}>
          ⌂
        </button>
      </div>
      <Overlay />
    </div>
  );
}

const companionRow = (state: State): number => state.picture?.row(state.companion) ?? -1;

function PickedName({ row }: { row: (state: State) => number }) {
  const name = useStore((state) => state.picture?.columns.name[row(state)] ?? "");
  return <span class="marker-name">{name}</span>;
}

function Overlay() {
  const loading = useStore((state) => state.picture === null);
  const empty = useStore((state) => state.picture?.count === 0);
  const lost = useStore((state) => state.connection === "lost");
  if (!loading && !empty) return null;
  const words = empty
    ? "No orbits yet. Take in a catalogue or wait for a partner's first release."
    : lost
      ? "The node does not answer. Trying again."
      : "Loading the picture…";
  return <p class="overlay">{words}</p>;
}

function run(box: HTMLDivElement, canvas: HTMLCanvasElement, marker: HTMLDivElement, second: HTMLDivElement): () => void {
  let globe: Globe;
  try {
    globe = new Globe(canvas);
  } catch {
    store.set({ noGlobe: "This browser has no WebGL, so there is no globe." });
    return () => undefined;
  }
  const paint = (): void => globe.paint(palette());
  paint();
  const observer = new ResizeObserver(([entry]) => {
    const { width, height } = entry.contentRect;
    if (width > 0 && height > 0) globe.resize(width, height);
  });
  observer.observe(box);
  const stops = [onRepaint(paint), session.onFrame(() => markBoth(globe, marker, second)), pointer(globe, canvas)];
  session.adopt(globe);
  return () => {
    observer.disconnect();
    for (const stop of stops) stop();
  };
}

function markBoth(globe: Globe, marker: HTMLDivElement, second: HTMLDivElement): void {
  mark(globe, marker, selectedRow(store.state), besideRing);
  // The two of an encounter are in one place: one name to the right, the other to the left.
  mark(globe, second, companionRow(store.state), (x, name, width) => -besideRing(width - x, name, width) - name);
}

type Beside = (x: number, name: number, width: number) => number;

/** Put the ring where an object is; dashed while the Earth hides it. Its name stays inside the globe's area. */
function mark(globe: Globe, marker: HTMLDivElement, row: number, nameFrom: Beside): void {
  const place = globe.place(row);
  const { clientWidth: width, clientHeight: height } = globe.canvas;
  marker.hidden = !place || place.x < 0 || place.y < 0 || place.x > width || place.y > height;
  if (!place || marker.hidden) return;
  marker.style.transform = `translate(${place.x.toFixed(1)}px, ${place.y.toFixed(1)}px)`;
  marker.classList.toggle("behind", place.hidden);
  const name = marker.lastElementChild as HTMLElement;
  const beside = nameFrom(place.x, name.offsetWidth, width);
  const level = within(-name.offsetHeight / 2, EDGE_PX - place.y, height - EDGE_PX - name.offsetHeight - place.y);
  name.style.transform = `translate(${beside.toFixed(1)}px, ${level.toFixed(1)}px)`;
}

/** How far from the ring's middle a name begins: right of the ring, left where there is no room, else as far as it goes. */
function besideRing(x: number, name: number, width: number): number {
  if (x + NAME_PX + name <= width - EDGE_PX) return NAME_PX;
  if (x - NAME_PX - name >= EDGE_PX) return -NAME_PX - name;
  return within(NAME_PX, EDGE_PX - x, width - EDGE_PX - name - x);
}

const within = (value: number, low: number, high: number): number => Math.max(low, Math.min(high, value));

function pointer(globe: Globe, canvas: HTMLCanvasElement): () => void {
  let from: { x: number; y: number } | null = null;
  let moved = 0;
  const down = (event: PointerEvent): void => {
    from = { x: event.clientX, y: event.clientY };
    moved = 0;
    canvas.setPointerCapture(event.pointerId);
  };
  const move = (event: PointerEvent): void => {
    if (!from) return;
    const dx = event.clientX - from.x;
    const dy = event.clientY - from.y;
    moved += Math.abs(dx) + Math.abs(dy);
    const turn = globe.view.degreesPerPixel(canvas.clientHeight);
    globe.view.turn(-dx * turn, dy * turn);
    from = { x: event.clientX, y: event.clientY };
  };
  const up = (event: PointerEvent): void => {
    if (from && moved <= CLICK_PX) pick(globe, event.offsetX, event.offsetY);
    from = null;
  };
  const wheel = (event: WheelEvent): void => {
    event.preventDefault();
    globe.view.zoom(Math.exp(Math.max(-1, Math.min(1, event.deltaY / 400))));
  };
  const listeners = { pointerdown: down, pointermove: move, pointerup: up, wheel };
  for (const [name, then] of Object.entries(listeners)) canvas.addEventListener(name, then as EventListener, { passive: false });
  return () => {
    for (const [name, then] of Object.entries(listeners)) canvas.removeEventListener(name, then as EventListener);
  };
}

function pick(globe: Globe, x: number, y: number): void {
  const row = globe.nearest(x, y);
  const { picture } = store.state;
  session.select(row < 0 || !picture ? null : picture.columns.object[row]);
}

function turnByKey(event: KeyboardEvent): void {
  const turns: Record<string, [number, number]> = {
    ArrowLeft: [-TURN_DEG, 0],
    ArrowRight: [TURN_DEG, 0],
    ArrowUp: [0, TURN_DEG],
    ArrowDown: [0, -TURN_DEG],
  };
  const turn = turns[event.key];
  if (!turn) return;
  event.preventDefault();
  session.globe?.view.turn(...turn);
}
