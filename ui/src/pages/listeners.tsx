// Who listens to the events of which environment, what was given up, and what to do about both.
import { address, call, edits, get } from "../api.ts";
import { ofTopic } from "../live.ts";
import { useLoad } from "../load.ts";
import { Age, Failure, Mark, More, Name, Prose, Table, type Page } from "../parts/basics.tsx";
import { Sent, useSend } from "../parts/form.tsx";
import { here, to } from "../route.ts";
import { plain, type Health } from "../words.ts";

export interface Listener {
  environment: string;
  listen: boolean;
  state: "running" | "waiting" | "error" | "stopped";
  reason: string;
  since?: string | null;
  seen?: string | null;
  waiting: number;
  dead: number;
  queue: number;
  last?: string | null;
  brokers: { url?: string; state?: string; reason?: string; depth?: number }[];
  counts: Record<string, number>;
}
const LISTENING: Record<Listener["state"], Health> = { running: "good", waiting: "degraded", error: "bad", stopped: "unknown" };

export const Listeners = ({ of }: { of: Listener[] }) => (
  <Table
    label="Listeners"
    name="listeners"
    rows={of}
    columns={[
      {
        title: "Environment",
        cell: (row) => <a href={here({ env: row.environment })}><Name of={row.environment} /></a>,
        text: (row) => row.environment,
      },
      {
        title: "Listener",
        cell: (row) => (
          <span class={`state ${LISTENING[row.state]}`}>
            <Mark of={LISTENING[row.state]} /> {row.listen || row.state !== "stopped" ? row.state : "switched off"}
          </span>
        ),
        text: (row) => row.state,
      },
      { title: "Since", cell: (row) => row.since ? <Age of={row.since} words="" /> : null, text: (row) => row.since ?? "" },
      { title: "Why", cell: (row) => row.reason ? <Prose of={row.reason} /> : null, text: (row) => row.reason },
      { title: "Last message", cell: (row) => row.last ? <Age of={row.last} /> : "none yet", text: (row) => row.last ?? "" },
      { title: "Waits for a look", cell: (row) => row.waiting, text: (row) => String(row.waiting) },
      { title: "At the brokers", cell: (row) => row.queue, text: (row) => String(row.queue) },
      { title: "Given up", cell: (row) => row.dead, text: (row) => String(row.dead) },
      {
        title: "Messages",
        cell: (row) => <Name of={results(row)} />,
        text: results,
      },
    ]}
  />
);

const results = (row: Listener) =>
  Object.entries(row.counts).map(([result, number]) => `${number} ${result}`).join(", ");

/** What to do where nothing can arrive, or nothing does. */
export function Remedy({ of }: { of: Listener }) {
  const name = of.environment;
  const settings = <a href={to(["admin", "environments", name], { tab: "AMQP" })}>settings of the message bus</a>;
  if (!of.listen)
    return (
      <p class="note">
        Nobody listens to <Name of={name} />. {edits(name) ? <>Give it the {settings}, and switch <code>listen</code> on.</> : "Ask an operator to switch it on."}{" "}
        <a href="/docs/events.html#start">How to</a>
      </p>
    );
  if (of.state === "running" && !of.last)
    return (
      <p class="note">
        The listener of <Name of={name} /> runs <Age of={of.since} words="" />, and no message came:
        notifications look switched off in the cloud.{" "}
        <a href="/docs/events.html#switch-notifications-on">How to switch them on</a>, for each deployment tool.{" "}
        <code>calipso env test {plain(name)}</code> says what it sees.
      </p>
    );
  return null;
}

interface Key {
  key: string;
  scope: string;
  id: string;
  since: string;
  attempts: number;
  reason: string;
  events: string[];
}

/** What was given up after too many tries, and another try. */
export function Dead({ of, done }: { of: Listener; done: () => void }) {
  const name = of.environment;
  const found = useLoad<Page<Key>>(`dead ${name}`, () =>
    get(`/event_listeners/${encodeURIComponent(name)}/dead`, { limit: 200 }), { every: 30_000, on: ofTopic("events", name) });
  const sending = useSend();
  const retry = () => sending.send(async () => {
    await call("POST", address(`/event_listeners/${encodeURIComponent(name)}/retry`));
    found.again();
    done();
  }, "They are tried again now.");
  return (
    <section class="panel" aria-label={`Given up in ${name}`}>
      <h2>Given up in <Name of={name} />: {of.dead}</h2>
      {edits(name) ? (
        <p class="line">
          <button type="button" disabled={sending.busy} onClick={retry}>Try all again</button>
          <Sent of={sending} />
        </p>
      ) : null}
      {found.error ? <Failure of={found.error} again={found.again} /> : null}
      {found.data ? (
        <>
          <Table
            label="What was given up"
            name="given-up"
            rows={found.data.items}
            columns={[
              { title: "What", cell: (row) => <>{plain(row.scope)} <a href={to(["search"], { q: row.id })}><Name of={row.id} /></a></>, text: (row) => `${row.scope} ${row.id}` },
              { title: "Why", cell: (row) => <Prose of={row.reason} />, text: (row) => row.reason },
              { title: "Tries", cell: (row) => row.attempts, text: (row) => String(row.attempts) },
              { title: "Since", cell: (row) => <Age of={row.since} words="" />, text: (row) => row.since },
              { title: "Events", cell: (row) => row.events.length, text: (row) => String(row.events.length) },
            ]}
          />
          <More of={found.data} />
        </>
      ) : null}
    </section>
  );
}
