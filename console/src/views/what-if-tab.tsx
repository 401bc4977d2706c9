// The what-if of an edit: an agreement's text, and what it would let out in addition and no longer. Nothing is saved.

import { useEffect, useRef, useState } from "preact/hooks";
import { wordsOf } from "../api";
import { getProposedText, getText, SORTS, tryOut, type Beyond, type Example, type ReaderChange, type SortOfChange, type WhatIf } from "../release/api";
import { KIND_WORDS, ONE_OF_KIND } from "../release/rows";
import { useStore } from "../store";
import { VerdictMark } from "./release-records";

const SORT_WORDS: Record<SortOfChange, string> = {
  more: "let out in addition",
  less: "let out no longer",
  changed: "let out in another form",
};

/** Between a partner and the reference of what it proposes; no reference holds a blank. */
export const PROPOSED = " proposes ";

/** The text outlives the tab: an edit is not lost by looking at something else. */
let draft: { text: string; of: string } = { text: "", of: "" };

export function WhatIfTab({ partner }: { partner: string }) {
  const [text, setText] = useState(draft.text);
  const [from, setFrom] = useState(draft.of);
  const [found, setFound] = useState<WhatIf | null>(null);
  const [fault, setFault] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const asked = useRef(0);
  const wanted = useStore((state) => (state.route.page === "release" ? (state.route.from ?? null) : null));

  const edit = (next: string, of = from): void => {
    draft = { text: next, of };
    setText(next);
    setFrom(of);
  };
  const load = async (reference: string): Promise<void> => {
    if (!reference) return edit("", "");
    try {
      const [partner, proposed] = reference.split(PROPOSED);
      edit(await (proposed ? getProposedText(partner, proposed) : getText(reference)), reference);
      setFound(null);
      setFault(null);
    } catch (problem) {
      setFault(wordsOf(problem));
    }
  };
  useEffect(() => {
    if (wanted !== null && wanted !== draft.of) void load(wanted);
  }, [wanted]);
  const run = async (): Promise<void> => {
    const turn = ++asked.current;
    setBusy(true);
    try {
      const answer = await tryOut(text);
      if (turn !== asked.current) return;
      setFound(answer);
      setFault(null);
    } catch (problem) {
      if (turn === asked.current) setFault(wordsOf(problem));
    } finally {
      if (turn === asked.current) setBusy(false);
    }
  };
  return (
    <div class="what-if">
      <section class="what-if-text" aria-label="Text of the agreement">
        <div class="what-if-tools">
          <Start partner={partner} from={from} load={(reference) => void load(reference)} />
          <span class="spring" />
          <button type="button" class="main" disabled={busy || !text.trim()} onClick={() => void run()} title="Ctrl+Enter">
            {busy ? "Deciding…" : "What if?"}
          </button>
        </div>
        <label class="unseen" for="agreement-toml">
          The agreement as TOML: edit it, or paste another
        </label>
        <textarea
          id="agreement-toml"
          spellcheck={false}
          placeholder="Paste an agreement (TOML), or begin with one that stands. Nothing here is saved or signed."
          value={text}
          onInput={(event) => edit(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void run();
          }}
        />
      </section>
      <section class="what-if-answer" tabIndex={0} aria-label="What it would let out">
        {fault !== null && (
          <p class="fault" role="alert">
            {fault}
          </p>
        )}
        {found ? <Answer found={found} /> : fault === null && <Hint />}
      </section>
    </div>
  );
}

function Hint() {
  return (
    <p class="empty">
      <strong>What would an edit let out?</strong> The text is held against all that this node holds now, as if every party
      had signed it. Nothing is saved.
    </p>
  );
}

function Start({ partner, from, load }: { partner: string; from: string; load: (reference: string) => void }) {
  const agreements = useStore((state) => state.release.agreements);
  const all = agreements ?? [];
  const here = all.filter((one) => one.giver === partner || one.readers.includes(partner));
  const others = all.filter((one) => !here.includes(one));
  const proposed = useStore((state) => state.release.proposed);
  return (
    <label>
      <span class="muted">Begin with</span>{" "}
      <select value={from} onChange={(event) => load(event.currentTarget.value)}>
        <option value="">an empty text</option>
        {[...here, ...others].map((one) => (
          <option key={one.reference} value={one.reference}>
            {one.reference} ({one.state})
          </option>
        ))}
        {proposed.map((one) => (
          <option key={`${one.partner} ${one.reference}`} value={`${one.partner}${PROPOSED}${one.reference}`}>
            {one.reference} (proposed by {one.partner})
          </option>
        ))}
      </select>
    </label>
  );
}

function Answer({ found }: { found: WhatIf }) {
  return (
    <>
      <h2>
        {found.reference} <span class="muted">{found.title}</span>
      </h2>
      <p class="muted">
        {found.replaces.length > 0 ? `In the place of ${found.replaces.join(", ")}, ` : "As a new agreement, "}
        as if signed by all. Nothing is saved.
      </p>
      {found.notes.map((note) => (
        <p key={note} class="note">
          {note}
        </p>
      ))}
      {found.readers.map((one) => (
        <Reader key={one.reader} change={one} />
      ))}
      {found.readers.length > 0 && found.limits.length > 0 && (
        <p class="muted">This looks at all that we hold, but {found.limits.join(", and ")}.</p>
      )}
      {found.beyond.length > 0 && <EveryRecord beyond={found.beyond} />}
    </>
  );
}

/** What no look at the holdings can tell: a solver's answer over every record that there can be, held here or not. */
function EveryRecord({ beyond }: { beyond: Beyond[] }) {
  return (
    <section class="every-record">
      <h3>Of every record that there can be, now or later</h3>
      <dl>
        {beyond.map((one) => (
          <div key={one.reader} class={one.answer.replace(" ", "-")}>
            <dt>{one.reader}</dt>
            <dd>{one.answer === "found" ? `More, for example ${one.words}` : capital(one.words)}.</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Reader({ change }: { change: ReaderChange }) {
  const first = SORTS.find((sort) => change.examples[sort].length > 0);
  const sum = (sort: SortOfChange): number => change.kinds.reduce((total, one) => total + one[sort], 0);
  return (
    <section class="reader-change">
      <h3>{change.reader}</h3>
      {change.kinds.length === 0 ? (
        <p>Nothing changes for what we hold now.</p>
      ) : (
        <table class="plain-table">
          <thead>
            <tr>
              <th scope="col">Kind</th>
              {SORTS.map((sort) => (
                <th key={sort} scope="col" class="numeric">
                  {SORT_WORDS[sort]}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {change.kinds.map((one) => (
              <tr key={one.kind}>
                <th scope="row">{KIND_WORDS[one.kind]}</th>
                {SORTS.map((sort) => (
                  <td key={sort} class={`numeric${one[sort] ? ` change-${sort}` : " muted"}`}>
                    {one[sort].toLocaleString("en-GB")}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {SORTS.filter((sort) => change.examples[sort].length > 0).map((sort) => (
        <details key={sort} open={sort === first}>
          <summary>
            {capital(SORT_WORDS[sort])}: {change.examples[sort].length} of {sum(sort).toLocaleString("en-GB")}
          </summary>
          <ul class="examples">
            {change.examples[sort].map((one) => (
              <OneExample key={one.record} one={one} />
            ))}
          </ul>
        </details>
      ))}
    </section>
  );
}

function OneExample({ one }: { one: Example }) {
  return (
    <li>
      <strong>{one.name}</strong> <span class="muted">{ONE_OF_KIND[one.kind]}</span>
      <br />
      <span>
        <VerdictMark verdict={one.now.verdict} /> {one.now.reason}
      </span>
      <br />
      <span>
        <span aria-hidden="true">→ </span>
        <VerdictMark verdict={one.then.verdict} /> {one.then.reason}
      </span>
    </li>
  );
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
