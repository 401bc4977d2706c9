// A chart by uPlot in the page's colours; the caller says what is drawn, this keeps it sized and painted.

import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { onRepaint } from "../theme";

export interface ChartProps {
  name: string;
  /** What a screen reader says of the picture; the figures stand in a table beside it. */
  label: string;
  height: number;
  data: uPlot.AlignedData;
  options(paint: Paint): Omit<uPlot.Options, "width" | "height">;
}

/** A colour of the page by its name in the style sheet. */
export type Paint = (name: string) => string;

/** The charts on the page, for tests. */
export const charts = new Map<string, uPlot>();

export function Chart({ name, label, height, data, options }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  const painted = usePainted();
  useEffect(() => {
    if (!box.current || width === 0) return undefined;
    const style = getComputedStyle(document.documentElement);
    const paint: Paint = (variable) => style.getPropertyValue(`--${variable}`).trim();
    const plot = new uPlot({ ...options(paint), width, height }, data, box.current);
    charts.set(name, plot);
    return () => {
      charts.delete(name);
      plot.destroy();
    };
  }, [data, width, height, painted]);
  return <div class="chart" style={{ height: `${height}px` }} ref={box} role="img" aria-label={label} />;
}

/** Axis in the page's colours. */
export function axis(paint: Paint, more: uPlot.Axis = {}): uPlot.Axis {
  return {
    stroke: paint("muted"),
    font: "11px system-ui, sans-serif",
    labelFont: "11px system-ui, sans-serif",
    grid: { stroke: paint("line"), width: 1 },
    ticks: { stroke: paint("line"), width: 1, size: 4 },
    gap: 3,
    ...more,
  };
}

/** Powers of ten that are far enough apart to be read. */
export function decadeAxis(paint: Paint, more: uPlot.Axis = {}): uPlot.Axis {
  return axis(paint, {
    splits: (u, _axis, low, high) => {
      const [first, last] = [Math.round(Math.log10(low)), Math.round(Math.log10(high))];
      const room = Math.max(2, Math.floor((more.side === undefined ? u.height : u.width) / 28));
      const step = Math.max(1, Math.ceil((last - first) / room));
      const found: number[] = [];
      for (let power = last; power >= first; power -= step) found.unshift(10 ** power);
      return found;
    },
    filter: (_u, splits) => splits,
    values: (_u, splits) => splits.map((one) => (one >= 0.001 && one <= 1000 ? String(Number(one.toPrecision(1))) : one.toExponential(0).replace("+", ""))),
    ...more,
  });
}

/** Whole decades around positive values, at least two. */
export function decades(values: number[]): [number, number] {
  const logs = values.filter((one) => one > 0).map(Math.log10);
  if (logs.length === 0) return [1e-7, 1e-3];
  const low = Math.floor(Math.min(...logs) + 1e-9);
  const high = Math.ceil(Math.max(...logs) - 1e-9);
  return [10 ** low, 10 ** Math.max(high, low + 2)];
}

/** A dashed line at a height with its name, as thresholds are drawn. */
export function levelLine(u: uPlot, value: number, colour: string, words: string, at: "left" | "right"): void {
  const { left, width, top, height } = u.bbox;
  const y = u.valToPos(value, "y", true);
  if (y < top || y > top + height) return;
  const ratio = devicePixelRatio;
  u.ctx.save();
  u.ctx.strokeStyle = u.ctx.fillStyle = colour;
  u.ctx.lineWidth = ratio;
  u.ctx.setLineDash([5 * ratio, 4 * ratio]);
  u.ctx.beginPath();
  u.ctx.moveTo(left, y);
  u.ctx.lineTo(left + width, y);
  u.ctx.stroke();
  u.ctx.font = `${11 * ratio}px system-ui, sans-serif`;
  u.ctx.textAlign = at;
  u.ctx.textBaseline = y - top < 14 * ratio ? "top" : "bottom";
  u.ctx.fillText(words, at === "left" ? left + 3 * ratio : left + width - 3 * ratio, y + (y - top < 14 * ratio ? 2 : -2) * ratio);
  u.ctx.restore();
}

function useWidth(of: { current: HTMLDivElement | null }): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (!of.current) return undefined;
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry.contentRect.width)));
    observer.observe(of.current);
    return () => observer.disconnect();
  }, []);
  return width;
}

function usePainted(): number {
  const [painted, setPainted] = useState(0);
  useEffect(() => onRepaint(() => setPainted((n) => n + 1)), []);
  return painted;
}
