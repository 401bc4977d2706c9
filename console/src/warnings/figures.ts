// Figures as texts: aligned, with the digits that mean something, and a word where there is none.

import { spanText, utcText } from "../utc";

export const NONE = "–";

/** 1.2e-4; below 1e-12 nothing is known but that it is small. */
export function probabilityText(value: number | null, digits = 1): string {
  if (value === null) return NONE;
  if (value < 1e-12) return "<1e-12";
  if (value >= 0.0995) return value.toFixed(digits + 1);
  return value.toExponential(digits).replace("+", "");
}

/** Metres with thousands apart, and more digits only where small. */
export function metresText(value: number | null): string {
  if (value === null) return NONE;
  const size = Math.abs(value);
  const digits = size < 9.95 ? 2 : size < 999.5 ? 1 : 0;
  return minus(value.toLocaleString("en-GB", { minimumFractionDigits: digits, maximumFractionDigits: digits }));
}

/** Whole metres, for columns that are read down. */
export function wholeMetres(value: number | null): string {
  if (value === null) return NONE;
  return minus((Math.round(value) || 0).toLocaleString("en-GB"));
}

/** A figure of any unit to some four digits. */
export function figureText(value: number | null): string {
  if (value === null) return "not stated";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-2 || size >= 1e7)) return minus(value.toExponential(2).replace("+", ""));
  return metresText(value);
}

/** A minus as wide as the digits. */
export const minus = (text: string): string => text.replace(/^-/, "−");

export const utcShort = (tai: number): string => utcText(tai).replace("T", " ");

/** How long until then, or since: "in 4 h 12 min", "12 min ago". */
export function untilText(seconds: number): string {
  return seconds >= 0 ? `in ${spanText(seconds)}` : `${spanText(seconds)} ago`;
}

/** T−1 d 04:12:33 before, T+00:10:00 after. */
export function countdownText(seconds: number): string {
  const s = Math.floor(Math.abs(seconds));
  const two = (n: number): string => String(n).padStart(2, "0");
  const days = Math.floor(s / 86400);
  const clock = `${two(Math.floor(s / 3600) % 24)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
  return `T${seconds > 0 ? "−" : "+"}${days > 0 ? `${days} d ` : ""}${clock}`;
}

/** "2.3 times as likely" and how many powers of ten that is. */
export function factorText(decades: number): string {
  const factor = 10 ** Math.abs(decades);
  if (factor < 1.05) return "× 1.0";
  const text = factor < 9.95 ? factor.toFixed(1) : factor < 1e4 ? Math.round(factor).toLocaleString("en-GB") : factor.toExponential(0).replace("+", "");
  return `× ${decades < 0 ? "1/" : ""}${text}`;
}
