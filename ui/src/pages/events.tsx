// Do notifications of the cloud arrive, what came of them, and which were given up?
import { get } from "../api.ts";
import { ofTopic } from "../live.ts";
import { useLoad } from "../load.ts";
import { Age, Empty, Failure, Mark, Name, Prose, Table, Waiting, type Page } from "../parts/basics.tsx";
import { EnvironmentChoice } from "../parts/choose.tsx";
import { filled, Input, Select } from "../parts/form.tsx";
import { Timeline } from "../parts/timeline.tsx";
import { go, here, place, to } from "../route.ts";
import { counted, plain, shortened, type Health } from "../words.ts";
import { Dead, Listeners, Remedy, type Listener } from "./listeners.tsx";

type State = "waiting" | "looked" | "done" | "failed" | "dead";
interface Event {
  id: string;
  environment: string;
  type: string;
  state: State;
  outcome: string;
  received: string;
  looked?: string | null;
  settled?: string | null;
  keys: string[];
  scans: string[];
  changes: number;
  context: { user?: string; user_id?: string; request_id?: string };
}
const STATES: Record<State, [Health, string]> = {
  waiting: ["unknown", "waits for a look"],
  looked: ["unknown", "looked at, a second look follows"],
  done: ["good", "done"],
  failed: ["degraded", "failed"],
  dead: ["bad", "given up"],
};
const KINDS = ["done", "waiting", "failed"] as const;
const kindOf = (state: State) => (state === "done" ? "done" : state === "failed" || state === "dead" ? "failed" : "waiting");

export function Events() {
  const query = place.value.query;
  const [env, state, type, marker] = ["env", "state", "type", "marker"].map((one) => query.get(one) ?? "") as [string, string, string, string];
  const heard = ofTopic("events", env);
  const listeners = useLoad<Page<Listener>>("listeners", () => get("/event_listeners", { limit: 500 }), {
    every: 15_000,
    on: ofTopic("events"),
  });
  const found = useLoad<Page<Event>>(
    `events ${env} ${state} ${type} ${marker}`,
    () => get("/events", { env_name: env, state, event_type: type, marker, limit: 200 }),
    { every: 15_000, on: heard },
  );
  const shown = (listeners.data?.items ?? []).filter((one) => !env || one.environment === env);
  return (
    <>
      <h1>Events</h1>
      <Choose env={env} state={state} type={type} />
      {listeners.error ? <Failure of={listeners.error} again={listeners.again} /> : null}
      {shown.length ? <Listeners of={shown} /> : null}
      {listeners.data && !listeners.data.items.length ? (
        <Empty>There is no environment yet: <a href={to(["admin", "environments", "new"])}>add one</a>.</Empty>
      ) : null}
      {shown.filter((one) => one.dead).map((one) => <Dead key={one.environment} of={one} done={found.again} />)}
      {shown.map((one) => <Remedy key={one.environment} of={one} />)}
      <h2>What came</h2>
      {found.error ? <Failure of={found.error} again={found.again} /> : null}
      {!found.data ? (found.error ? null : <Waiting />) : found.data.items.length ? (
        <>
          <Lags of={found.data.items} />
          <Feed of={found.data.items} />
        </>
      ) : (
        <Empty>
          {state || type || marker
            ? <>No event fits these choices. <a href={to(["events"], { env })}>Show all.</a></>
            : "No event is stored. Events that are not about the network are counted, not kept."}
        </Empty>
      )}
      <p class="line">
        {marker ? <a href={here({ marker: "" })}>The newest</a> : null}
        {found.data?.next ? <a href={here({ marker: found.data.next })}>Older</a> : null}
      </p>
    </>
  );
}

const Choose = ({ env, state, type }: { env: string; state: string; type: string }) => (
  <form
    class="line"
    key={`${env} ${state} ${type}`}
    onSubmit={(event) => {
      event.preventDefault();
      go(to(["events"], filled(event.currentTarget)));
    }}
  >
    <EnvironmentChoice value={env} />
    <Select label="State" name="state" value={state}
      choices={[["", "all"], ...Object.entries(STATES).map(([name, [, word]]): [string, string] => [name, word])]} />
    <Input label="Type" name="type" value={type} placeholder="port.create.end" />
    <button type="submit">Show</button>
  </form>
);

/** Seconds until the first look had ended; undefined while nobody looked. */
const lag = (of: Event) =>
  of.looked ? Math.max(0, (new Date(of.looked).getTime() - new Date(of.received).getTime()) / 1000) : undefined;

/** When events came, and how long the first look took. */
function Lags({ of }: { of: Event[] }) {
  const lags = of.map(lag).filter((one) => one !== undefined).sort((one, other) => one - other);
  const at = (share: number) => lags[Math.max(0, Math.ceil(lags.length * share) - 1)]!;
  const times = of.map((one) => new Date(one.received).getTime());
  return (
    <>
      <Timeline label="Events" kinds={KINDS} since={Math.min(...times)} until={Math.max(...times, Math.min(...times) + 1000)}
        of={of.map((one) => ({ time: one.received, kind: kindOf(one.state) }))} />
      {lags.length ? (
        <p class="soft">
          Until the first look had ended: half of them within {at(0.5).toFixed(0)} s, 95 of 100 within {at(0.95).toFixed(0)} s.
        </p>
      ) : null}
    </>
  );
}

const Feed = ({ of }: { of: Event[] }) => (
  <Table
    label="Events"
    name="events"
    rows={of}
    columns={[
      { title: "Came", cell: (row) => <Age of={row.received} />, text: (row) => row.received },
      { title: "Type", cell: (row) => <a href={here({ type: row.type, marker: "" })}><Name of={row.type} /></a>, text: (row) => row.type },
      {
        title: "State",
        cell: (row) => {
          const [how, word] = STATES[row.state];
          return <span class={`state ${how}`}><Mark of={how} /> {word}</span>;
        },
        text: (row) => row.state,
      },
      {
        title: "About",
        cell: (row) => (
          <span>
            {row.keys.slice(0, 3).map((key, number) => (
              <>{number ? ", " : ""}<About of={key} /></>
            ))}
            {row.keys.length > 3 ? ` and ${row.keys.length - 3} more` : ""}
          </span>
        ),
        text: (row) => row.keys.join(", "),
      },
      { title: "Looked after", cell: (row) => lagWord(row), text: (row) => String(lag(row) ?? "") },
      {
        title: "Came of it",
        cell: (row) => (
          <span>
            {row.scans.length ? <a href={to(["scans", row.scans.at(-1)!])}>{counted(row.changes, "change")}</a> : null}{" "}
            {row.outcome ? <Prose of={row.outcome} /> : null}
          </span>
        ),
        text: (row) => [row.scans.length ? counted(row.changes, "change") : "", row.outcome].filter(Boolean).join(", "),
      },
      {
        title: "Caused by",
        cell: (row) => <Name of={causer(row)} />,
        text: causer,
      },
      { title: "Environment", cell: (row) => <Name of={row.environment} />, text: (row) => row.environment },
    ]}
  />
);

const lagWord = (row: Event) => {
  const seconds = lag(row);
  return seconds === undefined ? "" : `${seconds.toFixed(1)} s`;
};
const causer = ({ context }: Event) =>
  [context.user || context.user_id, context.request_id].filter(Boolean).join(", ");

/** `port:<id>`: what an event asked to look at. */
function About({ of }: { of: string }) {
  const [scope, id] = [of.slice(0, of.indexOf(":")), of.slice(of.indexOf(":") + 1)];
  return <>{plain(scope)} <a href={to(["search"], { q: id })}><Name of={shortened(id, 20)} /></a></>;
}
