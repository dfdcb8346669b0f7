// Time travel: which time a page shows, as a banner; and the choice of another one.
import { go, here, place } from "../route.ts";
import { showsPast } from "../past.ts";
import { age } from "../words.ts";
import { filled, Input } from "./form.tsx";

/** A time as a `datetime-local` field has it: local, to the second. */
export function local(at: string): string {
  const time = new Date(at);
  if (Number.isNaN(time.getTime())) return "";
  const shifted = new Date(time.getTime() - time.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 19);
}

const AGO: [string, number][] = [["1 h ago", 1], ["1 day ago", 24], ["7 days ago", 168]];
const before = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString();

/** As of when this page is; nothing on pages that only know the present. */
export function Past() {
  const { parts, query } = place.value;
  const at = query.get("at") ?? "";
  if (!showsPast(parts[0]) || (!at && !parts[0])) return null;
  const choose = (
    <details class="another">
      <summary>{at ? "Another time" : "As it is now"}</summary>
      <form
        class="line"
        key={at}
        onSubmit={(event) => {
          event.preventDefault();
          const given = filled(event.currentTarget).when;
          if (given) go(here({ at: new Date(given).toISOString() }));
        }}
      >
        <Input label="Show it as it was at" name="when" kind="datetime-local" value={at ? local(at) : ""} />
        <button type="submit">Show</button>
        {AGO.map(([word, hours]) => (
          <button type="button" class="small" onClick={() => go(here({ at: before(hours) }))}>{word}</button>
        ))}
      </form>
    </details>
  );
  if (!at) return choose;
  return (
    <section class="past" aria-label="Time">
      <p class="line" role="status">
        <strong>
          As it was at <time dateTime={at} title={`${at} UTC`}>{new Date(at).toLocaleString()}</time>
        </strong>
        <span>{age(at)} ago</span>
        <a href={here({ at: "" })}>Back to now</a>
      </p>
      {choose}
    </section>
  );
}
