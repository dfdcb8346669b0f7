// Of monitoring: how environments and hosts are checked, what they come to, and silences.
import { address, call, edits, get } from "../api.ts";
import { ofTopic } from "../live.ts";
import { useLoad } from "../load.ts";
import { Age, Failure, Mark, Name, Table, type Page } from "../parts/basics.tsx";
import { useEnvironments } from "../parts/choose.tsx";
import { Sent, useSend } from "../parts/form.tsx";
import { here, to } from "../route.ts";
import { counted, plain, type Health } from "../words.ts";

type Labels = Partial<Record<"OK" | "Warning" | "Error" | "Unknown", number>>;
export interface Summary {
  environment: string;
  enabled: boolean;
  interval: number;
  checked: number;
  objects: Labels;
  links: Labels;
  cliques: Labels;
  silenced: number;
  acknowledged: number;
  hosts: { all: number; checked: number; failed: number };
  gateway_down: boolean;
  last_check?: string | null;
  unresolved: { count?: number; names?: string[] };
}
/** More environments are chosen, not listed. */
const MOST = 12;
const LABELS: [keyof Labels, Health][] = [["Error", "bad"], ["Warning", "degraded"], ["Unknown", "unknown"], ["OK", "good"]];

/** `2 Error, 1 Warning`, each with its shape. */
export function Numbers({ of }: { of: Labels }) {
  const some = LABELS.filter(([label]) => of[label]);
  return (
    <span class="line tight">
      {some.map(([label, how]) => <span class="count"><Mark of={how} /> {of[label]} {label}</span>)}
      {some.length ? null : <span class="soft">none</span>}
    </span>
  );
}
const text = (of: Labels) => LABELS.map(([label]) => `${of[label] ?? 0} ${label}`).join(", ");

/** One row for the chosen environment, or for each. */
export function Checked({ env }: { env: string }) {
  const names = useEnvironments();
  const shown = env ? [env] : names.slice(0, MOST);
  const found = useLoad<Summary[]>(
    `summaries ${shown.join(" ")}`,
    () => Promise.all(shown.map((name) => get<Summary>("/monitoring/summary", { env_name: name }))),
    { every: 15_000, on: ofTopic("monitoring", env) },
  );
  if (found.error) return <Failure of={found.error} again={found.again} />;
  if (!found.data?.length) return null;
  return (
    <>
      <Table
        label="Environments"
        name="monitored"
        rows={found.data}
        columns={[
          {
            title: "Environment",
            cell: (row) => <a href={here({ env: row.environment, marker: "" })}><Name of={row.environment} /></a>,
            text: (row) => row.environment,
          },
          { title: "Objects", cell: (row) => <Numbers of={row.objects} />, text: (row) => text(row.objects) },
          { title: "Links", cell: (row) => <Numbers of={row.links} />, text: (row) => text(row.links) },
          { title: "Cliques", cell: (row) => <Numbers of={row.cliques} />, text: (row) => text(row.cliques) },
          {
            title: "Checked",
            cell: (row) => row.last_check
              ? <span>{row.checked} objects and links, <Age of={row.last_check} /></span>
              : "never",
            text: (row) => row.last_check ?? "",
          },
          { title: "Hosts", cell: (row) => <HostsWord of={row} />, text: (row) => `${row.hosts.checked} of ${row.hosts.all}` },
          { title: "Known", cell: (row) => known(row), text: known },
        ]}
      />
      {found.data.map((row) => <Hint key={row.environment} of={row} />)}
      {!env && names.length > MOST ? <p class="note">Only {MOST} of {names.length} environments are shown: choose one.</p> : null}
    </>
  );
}

const known = (row: Summary) =>
  [row.acknowledged && `${row.acknowledged} acknowledged`, row.silenced && `${row.silenced} silenced`].filter(Boolean).join(", ");

function HostsWord({ of }: { of: Summary }) {
  const { all, checked, failed } = of.hosts;
  const how: Health = failed || of.gateway_down ? "bad" : checked < all ? "degraded" : all ? "good" : "unknown";
  return (
    <span class={`state ${how}`}>
      <Mark of={how} /> {checked} of {all} in time{failed ? `, ${failed} do not answer` : ""}
      {of.gateway_down ? ", the way to the hosts is down" : ""}
    </span>
  );
}

/** What is not checked, and what to do. */
function Hint({ of }: { of: Summary }) {
  const { count = 0, names = [] } = of.unresolved;
  return (
    <>
      {of.enabled ? null : (
        <p class="note">
          Calipso does not check the hosts of <Name of={of.environment} /> itself.{" "}
          {edits(of.environment)
            ? <>Switch <code>enable_monitoring</code> on in its <a href={to(["admin", "environments", of.environment])}>settings</a>, or send results of another system.</>
            : "An operator can switch it on."}{" "}
          <a href="/docs/monitoring.html#switch-it-on">How to</a>
        </p>
      )}
      {count ? (
        <p class="note">
          {counted(count, "result")} of other systems for <Name of={of.environment} /> are about no object that is known, such as{" "}
          <Name of={names.slice(-3).join(", ")} />.
        </p>
      ) : null}
    </>
  );
}

interface Host extends Labels {
  host: string;
  checked?: string | null;
  seconds?: number | null;
  failures: number;
  problem: string;
}

/** How each host is checked, and what is on it. */
export function Hosts({ env }: { env: string }) {
  const found = useLoad<{ hosts: Host[] }>(`rounds ${env}`, () => get("/monitoring/hosts", { env_name: env }), {
    every: 15_000,
    on: ofTopic("monitoring", env),
  });
  const sending = useSend();
  const check = (host: string) => sending.send(
    () => call("POST", address("/monitoring/rounds"), { environment: env, host }),
    `${plain(host)} is checked with the next tick.`,
  );
  if (found.error) return <Failure of={found.error} again={found.again} />;
  if (!found.data?.hosts.length) return null;
  return (
    <section aria-label="Hosts">
      <h2>How hosts are checked</h2>
      <Sent of={sending} />
      <Table
        label="Hosts"
        name={`monitored-hosts-${env}`}
        rows={found.data.hosts}
        columns={[
          { title: "Host", cell: (row) => <a href={to(["search"], { q: row.host })}><Name of={row.host} /></a>, text: (row) => row.host },
          { title: "On it", cell: (row) => <Numbers of={row} />, text },
          { title: "Checked", cell: (row) => <Age of={row.checked} />, text: (row) => row.checked ?? "" },
          { title: "Took", cell: (row) => row.seconds == null ? "" : `${row.seconds.toFixed(1)} s`, text: (row) => String(row.seconds ?? "") },
          {
            title: "Answers",
            cell: (row) => row.failures
              ? <span class="state bad"><Mark of="bad" /> no, {counted(row.failures, "time")} <Name of={row.problem} /></span>
              : <span class="state good"><Mark of="good" /> yes</span>,
            text: (row) => (row.failures ? `no: ${row.problem}` : "yes"),
          },
          {
            title: "Check",
            cell: (row) => edits(env)
              ? <button type="button" class="small" disabled={sending.busy} aria-label={`Check ${plain(row.host)} now`} onClick={() => check(row.host)}>now</button>
              : null,
            text: () => "",
          },
        ]}
      />
    </section>
  );
}

interface Silenced {
  _id: string;
  environment: string;
  type?: string;
  id: string;
  below: boolean;
  until: string;
  who: string;
  why: string;
}

/** Silences that are not over, each with its end. */
export function Silences({ env }: { env: string }) {
  const found = useLoad<Page<Silenced>>(`silences ${env}`, () =>
    get("/monitoring/silences", { env_name: env, limit: 500 }), { every: 30_000, on: ofTopic("monitoring", env) });
  const sending = useSend();
  if (found.error) return <Failure of={found.error} again={found.again} />;
  const rows = (found.data?.items ?? []).filter((one) => new Date(one.until).getTime() > Date.now());
  if (!rows.length) return null;
  const end = (key: string) => sending.send(async () => {
    await call("DELETE", address(`/monitoring/silences/${key}`));
    found.again();
  }, "Ended.");
  const about = (row: Silenced) => `${row.type ?? ""} ${row.id}${row.below ? " and what is below it" : ""}`.trim();
  return (
    <section aria-label="Silences">
      <h2>Silent for a while</h2>
      <Sent of={sending} />
      <Table
        label="Silences"
        name="silences"
        rows={rows}
        columns={[
          { title: "What", cell: (row) => <Name of={about(row)} />, text: about },
          { title: "Environment", cell: (row) => <Name of={row.environment} />, text: (row) => row.environment },
          { title: "Why", cell: (row) => <Name of={row.why} />, text: (row) => row.why },
          { title: "By", cell: (row) => <Name of={row.who} />, text: (row) => row.who },
          { title: "Until", cell: (row) => <time dateTime={row.until}>{new Date(row.until).toLocaleString()}</time>, text: (row) => row.until },
          {
            title: "End",
            cell: (row) => edits(row.environment)
              ? <button type="button" class="small" disabled={sending.busy} aria-label={`end now: the silence of ${plain(row.id)}`} onClick={() => end(row._id)}>end now</button>
              : null,
            text: () => "",
          },
        ]}
      />
    </section>
  );
}
