// What the node has done and where it stands, as it tells it. Times TAI s.

import { ask, change } from "../api";

export interface DecisionLine {
  n: number;
  decided_tai_s: number;
  record: string;
  reader: string;
  allowed: boolean;
  form: string;
  agreement: string | null;
  clause: string | null;
  reason: string;
  in_force: boolean;
}

export interface Audit {
  leaves: number;
  generation: number;
  checkpoint_size: number | null;
  checkpoint_tai_s: number | null;
  checkpoint_root: string | null;
  witnesses: { member: string; size: number | null; at_tai_s: number | null }[];
  alarms: { log: string; size: number; told_by: string; standing: string; seen_tai_s: number }[];
  /** Of each partner: member, leaves of the largest tree that it showed us, when. */
  trees: [string, number, number][];
}

export interface LinkLine {
  member: string;
  state: "up" | "late" | "stopped" | "cut";
  fault: string | null;
  held: number;
  received_tai_s: number | null;
  sealed: number;
  confirmed: number;
  notices_waiting: number;
}

export interface NodeState {
  now_tai_s: number;
  audit: Audit;
  links: LinkLine[];
}

export interface Sharing {
  now_tai_s: number;
  holdings: {
    source: string;
    agreement: string;
    records: number;
    state: "in use" | "locked" | "deleted";
    reason: string | null;
    since_tai_s: number;
    lease_until_tai_s: number | null;
  }[];
  debts: { reader: string; agreement: string; records: number; since_tai_s: number }[];
  receipts: {
    reader: string;
    receipt: { agreement: string; records: number; deleted_tai_s: number; passed_on: Record<string, number> };
  }[];
  questions: {
    member: string;
    ours: boolean;
    about: string;
    begins_tai_s: number;
    ends_tai_s: number;
    verdict: string | null;
    words: string;
    probability: number | null;
    tca_tai_s: number | null;
  }[];
}

export interface DecisionFilter {
  reader: string | null;
  allowed: boolean | null;
  words: string;
}

async function json<T>(answer: Promise<Response>): Promise<T> {
  return (await (await answer).json()) as T;
}

export function getDecisions({ reader, allowed, words }: DecisionFilter): Promise<DecisionLine[]> {
  const asked = new URLSearchParams();
  if (reader !== null) asked.set("reader", reader);
  if (allowed !== null) asked.set("allowed", String(allowed));
  if (words) asked.set("words", words);
  return json(ask(`watch/decisions?${asked}`));
}

export const getNodeState = (): Promise<NodeState> => json(ask("watch/node"));
export const getSharing = (): Promise<Sharing> => json(ask("watch/sharing"));
export const setLink = (member: string, up: boolean): Promise<NodeState> =>
  json(change(`watch/links/${encodeURIComponent(member)}/${up ? "restore" : "cut"}`, {}));
