// Numbers of objects by health: a bar, and the same in words.
import type { Health } from "../words.ts";
import { Mark } from "./basics.tsx";

export type Counts = Record<Health, number>;

const ORDER: Health[] = ["bad", "degraded", "unknown", "good"];

/** `2 bad, 4 degraded, 640 good`, each with its shape; what there is none of is left out. */
export const Healths = ({ of }: { of: Counts }) => (
  <span class="line tight">
    {ORDER.filter((how) => of[how]).map((how) => (
      <span class={`count ${how}`}>
        <Mark of={how} /> {of[how]}
      </span>
    ))}
    {ORDER.some((how) => of[how]) ? null : <span class="soft">none</span>}
  </span>
);

/** The share of each, as a bar of one line; the numbers stand beside it. */
export function Bar({ of }: { of: Counts }) {
  const all = ORDER.reduce((sum, how) => sum + of[how], 0) || 1;
  let x = 0;
  return (
    <svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
      {ORDER.map((how) => {
        const width = (of[how] / all) * 100;
        const at = x;
        x += width;
        return width ? <rect class={how} x={at} y="0" width={width} height="6" /> : null;
      })}
    </svg>
  );
}
