// What changed, newest first, by the scan that found it; every choice is in the address.
import { get } from "../api.ts";
import { ofEnvironment } from "../live.ts";
import { useLoad } from "../load.ts";
import { Age, Empty, Failure, More, Name, Table, Waiting, type Page } from "../parts/basics.tsx";
import { Check, filled, Input, Select } from "../parts/form.tsx";
import { Timeline } from "../parts/timeline.tsx";
import { go, place, to } from "../route.ts";
import { plain, shortened, sides } from "../words.ts";

export interface Change {
  _id: string;
  environment: string;
  scan_id: string;
  time: string;
  change: string;
  kind: string;
  type: string;
  id: string;
  name?: string;
  host?: string;
  fields?: Record<string, { old?: unknown; new?: unknown }>;
}
interface Scan {
  id: string;
  environment: string;
  submit_timestamp: string;
}

const HOURS: [string, string][] = [["1", "1 h"], ["6", "6 h"], ["24", "24 h"], ["168", "7 days"]];
const KINDS = ["added", "changed", "removed"] as const;
const CHOICES = ["env", "hours", "since", "until", "type", "host", "kind", "net", "from", "to"] as const;
type Asked = Record<(typeof CHOICES)[number], string>;

/** The local time of a `datetime-local` field as UTC; empty for none. */
const utc = (local: string) => (local ? new Date(local).toISOString() : "");

export function Changes() {
  const query = place.value.query;
  const asked = Object.fromEntries(CHOICES.map((one) => [one, query.get(one) ?? ""])) as Asked;
  const hours = asked.hours || "24";
  const until = asked.until ? new Date(asked.until).getTime() : Date.now();
  const since = asked.since ? new Date(asked.since).getTime() : until - Number(hours) * 3_600_000;
  const compared = Boolean(asked.from && asked.env);
  const found = useLoad<Page<Change>>(
    `changes ${JSON.stringify(asked)}`,
    () =>
      get("/changes", {
        env_name: asked.env,
        type: asked.type,
        host: asked.host,
        kind: asked.kind,
        net: asked.net ? true : undefined,
        limit: 500,
        ...(compared
          ? { from_scan: asked.from, to_scan: asked.to }
          : { since: new Date(since).toISOString(), until: utc(asked.until) }),
      }),
    { every: 60_000, on: ofEnvironment(asked.env) },
  );
  const items = found.data?.items ?? [];
  return (
    <>
      <h1>Changes</h1>
      <p><a href={to(["compare"], { env: asked.env, from: asked.from, to: asked.to })}>Compare two scans or times</a>: what differs by kind, project, host and cause, and which findings are new.</p>
      <Choose of={asked} />
      {found.error ? <Failure of={found.error} again={found.again} /> : null}
      {items.length && !compared ? (
        <Timeline
          label="Changes"
          kinds={KINDS}
          since={since}
          until={until}
          of={items.map(({ time, change }) => ({ time, kind: change }))}
        />
      ) : null}
      {found.data ? <ByScan of={items} /> : found.error ? null : <Waiting />}
      {found.data ? <More of={found.data}>Choose a shorter time, a type or a host.</More> : null}
    </>
  );
}

function Choose({ of }: { of: Asked }) {
  const environments = useLoad<Page<{ name: string }>>("names", () =>
    get("/environment_configs", { fields: "name", limit: 500 }));
  const scans = useLoad<Page<Scan>>(`scans to compare ${of.env}`, async () =>
    of.env ? get("/scans", { env_name: of.env, limit: 30 }) : { items: [], next: null });
  const told = (scan: Scan): [string, string] => [scan.id, new Date(scan.submit_timestamp).toLocaleString()];
  return (
    <form
      class="line"
      key={JSON.stringify(of)}
      onSubmit={(event) => {
        event.preventDefault();
        go(to(["changes"], filled(event.currentTarget)));
      }}
    >
      <Select label="Environment" name="env" value={of.env} choices={[
        ["", "all"],
        ...(environments.data?.items ?? []).map(({ name }): [string, string] => [name, name]),
      ]} />
      <Select label="Of the last" name="hours" value={of.hours || "24"} choices={HOURS} />
      <button type="submit">Show</button>
      <details open={CHOICES.slice(2).some((one) => of[one])}>
        <summary>More choices</summary>
        <div class="line">
          <Input label="From" name="since" kind="datetime-local" value={of.since} />
          <Input label="Until" name="until" kind="datetime-local" value={of.until} />
          <Input label="Type" name="type" value={of.type} />
          <Input label="Host" name="host" value={of.host} />
          <Select label="Of" name="kind" value={of.kind}
            choices={[["", "objects and links"], ["object", "objects"], ["link", "links"]]} />
          {scans.data?.items.length ? (
            <>
              <Select label="Compare: from scan" name="from" value={of.from}
                choices={[["", "no comparison"], ...scans.data.items.map(told)]} />
              <Select label="to scan" name="to" value={of.to}
                choices={[["", "the newest"], ...scans.data.items.map(told)]} />
            </>
          ) : <p class="soft">Choose an environment to compare two of its scans.</p>}
          <Check label="Only what is different at the end" name="net" checked={Boolean(of.net)} />
        </div>
      </details>
    </form>
  );
}

const NOTHING = (
  <Empty>
    Nothing changed in this time, as far as scans saw. The first scan of an environment records no
    changes.
  </Empty>
);

/** The changes of each scan by themselves. */
function ByScan({ of }: { of: Change[] }) {
  if (!of.length) return NOTHING;
  const groups = Map.groupBy(of, (change) => change.scan_id);
  return (
    <>
      {[...groups].map(([scan, changes]) => (
        <section aria-label={`Changes of scan ${scan}`}>
          <h2>
            <Age of={changes[0]!.time} /> in <Name of={changes[0]!.environment} />,{" "}
            {scan ? <>found by <a href={to(["scans", scan])}>a scan</a></> : "by an event"}: {changes.length}
          </h2>
          <ChangeList of={changes} />
        </section>
      ))}
    </>
  );
}

function what(change: Change): string {
  return Object.entries(change.fields ?? {})
    .map(([name, both]) => `${plain(name)}: ${sides(both)}`)
    .join("; ");
}

export function ChangeList({ of }: { of: Change[] }) {
  if (!of.length) return NOTHING;
  return (
    <Table
      label="Changes"
      name="changes"
      rows={of}
      columns={[
        { title: "When", cell: (row) => <Age of={row.time} />, text: (row) => row.time },
        { title: "What", cell: (row) => row.change, text: (row) => row.change },
        { title: "Type", cell: (row) => row.type, text: (row) => row.type },
        {
          title: "Name",
          cell: (row) => (
            <a href={to(["search"], { q: row.id })}>
              <Name of={shortened(row.name || row.id, 80)} />
            </a>
          ),
          text: (row) => plain(row.name || row.id),
        },
        { title: "Host", cell: (row) => <Name of={row.host} />, text: (row) => row.host ?? "" },
        { title: "Values", cell: (row) => <Name of={what(row)} />, text: what },
      ]}
    />
  );
}
