// When things happened: bars over time; the same things stand as rows beneath.
import { useId } from "preact/hooks";

export interface Moment {
  time: string;
  /** Which of the words of `kinds` it is. */
  kind: string;
}
const BARS = 48;
const HEIGHT = 48;

/** Bars from `since` to `until`, one colour and one pattern for each kind. */
export function Timeline({ of, kinds, since, until, label }: {
  of: Moment[];
  kinds: readonly string[];
  since: number;
  until: number;
  label: string;
}) {
  const id = useId();
  const span = Math.max(until - since, 1);
  const bars = Array.from({ length: BARS }, () => kinds.map(() => 0));
  for (const { time, kind } of of) {
    const at = Math.floor(((new Date(time).getTime() - since) / span) * BARS);
    const which = kinds.indexOf(kind);
    if (which >= 0) bars[Math.min(BARS - 1, Math.max(0, at))]![which]! += 1;
  }
  const most = Math.max(1, ...bars.map((bar) => bar.reduce((sum, one) => sum + one, 0)));
  const local = (moment: number) => new Date(moment).toLocaleString();
  return (
    <figure class="timeline">
      <svg viewBox={`0 0 ${BARS * 10} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-labelledby={id}>
        {bars.map((bar, at) => {
          let y = HEIGHT;
          return bar.map((number, which) => {
            if (!number) return null;
            const height = Math.max(2, (number / most) * (HEIGHT - 2));
            y -= height;
            return <rect class={`kind-${which}`} x={at * 10 + 1} y={y} width="8" height={height} />;
          });
        })}
      </svg>
      <figcaption id={id}>
        <span class="soft">{local(since)}</span>
        <span>
          {label}: {kinds.map((kind, which) => {
            const number = of.filter((one) => one.kind === kind).length;
            return (
              <span class="legend">
                <svg width="10" height="10" aria-hidden="true"><rect class={`kind-${which}`} width="10" height="10" /></svg>{" "}
                {number} {kind}
              </span>
            );
          })}
        </span>
        <span class="soft">{local(until)}</span>
      </figcaption>
    </figure>
  );
}
