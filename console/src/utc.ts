// UTC and TAI seconds since 2000-01-01T12:00:00 TAI, by the table of leap seconds that the node sends.

/** The epoch read as if TAI were UTC, in milliseconds of JavaScript's clock. */
const EPOCH_MS = Date.UTC(2000, 0, 1, 12);
const DAY_S = 86400;

let steps: [number, number][] = [[-Infinity, 37]];

export function useLeapSeconds(table: [number, number][]): void {
  if (table.length > 0) steps = [[-Infinity, table[0][1]], ...table];
}

function taiMinusUtc(tai: number): number {
  for (let k = steps.length - 1; k >= 0; k--) if (tai >= steps[k][0]) return steps[k][1];
  return steps[0][1];
}

/** A Date whose UTC fields read the time; inside a leap second it repeats the second before. */
export function dateOf(tai: number): Date {
  return new Date(EPOCH_MS + (tai - taiMinusUtc(tai)) * 1000);
}

/** 2026-11-23T19:05:07Z */
export function utcText(tai: number, digits = 0): string {
  const text = dateOf(digits === 0 ? Math.floor(tai) : tai).toISOString();
  return digits === 0 ? text.replace(/\.\d+Z$/, "Z") : text;
}

/** TAI seconds of a UTC text, calendar or day-of-year, with or without Z; null when it is none. */
export function taiOf(text: string): number | null {
  const cleaned = text.trim().replace(/(\d)\s+(\d)/, "$1T$2").replace(/\s*(UTC|Z)$/i, "");
  const dayOfYear = /^(\d{4})-(\d{3})T(.*)$/.exec(cleaned);
  let ms: number;
  if (dayOfYear) {
    ms = Date.parse(`${dayOfYear[1]}-01-01T${dayOfYear[3]}Z`) + (Number(dayOfYear[2]) - 1) * DAY_S * 1000;
  } else {
    if (!/^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d*)?)?)?$/.test(cleaned)) return null;
    ms = Date.parse(cleaned.includes("T") ? `${cleaned.replace(/\.$/, "")}Z` : `${cleaned}T00:00:00Z`);
  }
  if (!Number.isFinite(ms)) return null;
  const utc = (ms - EPOCH_MS) / 1000;
  return utc + taiMinusUtc(utc + taiMinusUtc(utc + 37));
}

/** "3 d 4 h", "12 min", "45 s": two units at most, for ages and offsets. */
export function spanText(seconds: number): string {
  const s = Math.abs(seconds);
  if (s < 60) return `${Math.floor(s)} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < DAY_S) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  if (s < 100 * DAY_S) return `${Math.floor(s / DAY_S)} d ${Math.floor((s % DAY_S) / 3600)} h`;
  return `${Math.floor(s / DAY_S)} d`;
}

/** −00:42:10 or +1 d 02:00:00 */
export function offsetText(seconds: number): string {
  const s = Math.floor(Math.abs(seconds));
  const two = (n: number) => String(n).padStart(2, "0");
  const clock = `${two(Math.floor(s / 3600) % 24)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
  const days = Math.floor(s / DAY_S);
  return `${seconds < 0 ? "−" : "+"}${days > 0 ? `${days} d ` : ""}${clock}`;
}
