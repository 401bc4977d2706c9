// Releases as the node tells them: what we hold, what a partner would see of it, agreements, approvals. Times TAI s.

import { ask, change } from "../api";

export type Kind = "track" | "element_set" | "sensor" | "conjunction_warning" | "identity_claim" | "observation";
export type Verdict = "released" | "coarsened" | "withheld" | "its own";

/** What we hold of one kind; row i of every column is one record. */
export interface Held {
  kind: Kind;
  revision: number;
  record: string[];
  name: string[];
  source: string[];
  epoch_tai_s: (number | null)[];
  classification: number[];
}

export interface Said {
  verdict: Verdict;
  reason: string;
  agreement: string | null;
  clause: string | null;
  /** In words; empty for the record as it is. */
  form: string;
}

export interface KindSeen {
  kind: Kind;
  revision: number;
  held: number;
  /** Which of the kind are counted, where that is not all; else empty. */
  limit: string;
  verdicts: Partial<Record<Verdict, number>>;
  /** By row, the number of what was said. */
  said: number[];
  /** By row, when time alone may release it. */
  revisit_tai_s: Record<string, number>;
}

export interface Seen {
  reader: string;
  now_tai_s: number;
  kinds: KindSeen[];
  said: Said[];
  faults: string[];
}

export interface RecordSheet {
  record: string;
  kind: Kind;
  originator: string;
  reader: string;
  said: Said;
  revisit_tai_s: number | null;
  trace: string[];
  label: { originator: string; classification: number; words: string[] }[];
  facts: { name: string; value: string; unit: string }[];
  past: { decided_tai_s: number; allowed: boolean; reason: string }[];
}

export interface AgreementLine {
  reference: string;
  title: string;
  giver: string;
  readers: string[];
  purpose: string;
  mode: string;
  state: string;
  words: string;
  since_tai_s: number;
  begins_tai_s: number;
  ends_tai_s: number;
  signed: string[];
  awaited: string[];
  clauses: number;
  onward: boolean;
  lease_s: number | null;
  safety_of_flight: boolean;
  document_sha256: string;
}

/** What a partner proposes and nobody here has signed. */
export interface ProposedLine {
  partner: string;
  reference: string;
  title: string;
  giver: string;
  readers: string[];
  begins_tai_s: number;
  ends_tai_s: number;
  clauses: number;
  document_sha256: string;
  /** We hold another text of the same reference. */
  other_text: boolean;
}

export interface Example {
  record: string;
  kind: Kind;
  name: string;
  now: Said;
  then: Said;
}

export const SORTS = ["more", "less", "changed"] as const;
export type SortOfChange = (typeof SORTS)[number];

export interface ReaderChange {
  reader: string;
  kinds: ({ kind: Kind } & Record<SortOfChange, number>)[];
  examples: Record<SortOfChange, Example[]>;
}

/** What the solver says of every record that there can be. */
export interface Beyond {
  reader: string;
  answer: "found" | "proven not" | "not decided";
  words: string;
}

export interface WhatIf {
  reference: string;
  title: string;
  replaces: string[];
  notes: string[];
  readers: ReaderChange[];
  beyond: Beyond[];
  /** What of our holdings was not looked at. */
  limits: string[];
}

export interface Vote {
  account: string;
  means: string;
  at_tai_s: number;
  words: string;
}

export interface Proposal {
  id: string;
  act: string;
  agreement: string;
  document_sha256: string;
  proposed_by: string;
  proposed_tai_s: number;
  ends_tai_s: number;
  words: string;
  state: "open" | "ready" | "done" | "rejected" | "lapsed";
  approvals: Vote[];
  rejection: Vote | null;
  /** What the person who asks may say. */
  you_may_approve: boolean;
  you_may_reject: boolean;
}

export interface Proposals {
  now_tai_s: number;
  /** Whether acts on agreements need two persons here: as soon as there are accounts. */
  needed: boolean;
  proposals: Proposal[];
}

async function json<T>(answer: Promise<Response>): Promise<T> {
  return (await (await answer).json()) as T;
}

const part = encodeURIComponent;

export const getHeld = (kind: Kind): Promise<Held> => json(ask(`release/held/${kind}`));
export const getSeen = (member: string): Promise<Seen> => json(ask(`release/to/${part(member)}`));
export const getSheet = (member: string, record: string): Promise<RecordSheet> =>
  json(ask(`release/to/${part(member)}/${part(record)}`));
export const getAgreements = (): Promise<AgreementLine[]> => json(ask("release/agreements"));
export const getText = async (reference: string): Promise<string> =>
  (await json<{ toml: string }>(ask(`release/agreements/${part(reference)}`))).toml;
export const getProposed = (): Promise<ProposedLine[]> => json(ask("release/proposed"));
export const getProposedText = async (partner: string, reference: string): Promise<string> =>
  (await json<{ toml: string }>(ask(`release/proposed/${part(partner)}/${part(reference)}`))).toml;
export const tryOut = (toml: string): Promise<WhatIf> => json(change("release/what-if", { toml }));
export const getProposals = (): Promise<Proposals> => json(ask("approvals"));
/** An approval is of the text that the person has read, and of no other. */
export const approve = ({ id, document_sha256 }: Proposal): Promise<Response> =>
  change(`approvals/${part(id)}/approve`, { document_sha256 });
export const reject = (id: string, reason: string): Promise<Response> =>
  change(`approvals/${part(id)}/reject`, { reason });
