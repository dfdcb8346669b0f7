// What changed, newest first; the filter is in the address.
import { get } from "../api.ts";
import { useLoad } from "../load.ts";
import { Age, Empty, Failure, More, Name, Table, Waiting, type Page } from "../parts/basics.tsx";
import { go, place, to } from "../route.ts";
import { plain, shortened, sides } from "../words.ts";

export interface Change {
  _id: string;
  environment: string;
  time: string;
  change: string;
  kind: string;
  type: string;
  id: string;
  name?: string;
  host?: string;
  fields?: Record<string, { old?: unknown; new?: unknown }>;
}

const HOURS = ["1", "6", "24", "168"];

export function Changes() {
  const query = place.value.query;
  const env = query.get("env") ?? "";
  const hours = query.get("hours") ?? "24";
  const found = useLoad<Page<Change>>(
    `changes ${env} ${hours}`,
    () => {
      const since = new Date(Date.now() - Number(hours) * 3_600_000).toISOString();
      return get("/changes", { env_name: env, since, limit: 500 });
    },
  );
  return (
    <>
      <h1>Changes</h1>
      <p class="line">
        <label>
          Of the last{" "}
          <select
            value={hours}
            onChange={(event) => go(to(["changes"], { env, hours: event.currentTarget.value }))}
          >
            {HOURS.map((one) => (
              <option value={one}>{one === "168" ? "7 days" : `${one} h`}</option>
            ))}
          </select>
        </label>
        {env ? (
          <span>
            in <Name of={env} />; <a href={to(["changes"], { hours })}>in all environments</a>
          </span>
        ) : null}
      </p>
      {found.error ? <Failure of={found.error} again={found.again} /> : null}
      {found.data ? <ChangeList of={found.data.items} /> : found.error ? null : <Waiting />}
      {found.data ? <More of={found.data}>Choose a shorter time.</More> : null}
    </>
  );
}

function what(change: Change): string {
  return Object.entries(change.fields ?? {})
    .map(([name, both]) => `${plain(name)}: ${sides(both)}`)
    .join("; ");
}

export function ChangeList({ of }: { of: Change[] }) {
  if (!of.length)
    return (
      <Empty>
        Nothing changed in this time, as far as scans saw. The first scan of an environment records
        no changes.
      </Empty>
    );
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
