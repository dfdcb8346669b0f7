// How is this cloud, and can I believe the data?
import { useEffect } from "preact/hooks";
import { edits, get } from "../api.ts";
import { ofEnvironment, ofScans } from "../live.ts";
import { useLoad } from "../load.ts";
import { Age, Empty, Failure, Name, State, Table, Waiting } from "../parts/basics.tsx";
import { Sent, useSend } from "../parts/form.tsx";
import { Bar, Healths, type Counts } from "../parts/health.tsx";
import { Pulse } from "../parts/pulse.tsx";
import { to } from "../route.ts";
import { counted, plain, shortened, type Thing } from "../words.ts";
import { readWords, startScan, type Line } from "./environments.tsx";

interface Worst extends Thing {
  _id: string;
  type: string;
  id: string;
  name: string;
  object_name?: string;
  host?: string;
  problems?: { message: string }[];
}
interface Overview extends Line {
  types: ({ type: string; total: number } & Counts)[];
  worst: Worst[];
  stale_hosts: { host: string; objects: number; since?: string }[];
  next_scan?: string | null;
}

export function EnvironmentPage({ name }: { name: string }) {
  const found = useLoad<Overview>(
    `overview ${name}`,
    () => get(`/overview/${encodeURIComponent(name)}`),
    { every: 30_000, on: (heard) => ofEnvironment(name)(heard) || ofScans(heard) },
  );
  const sending = useSend();
  useEffect(() => {
    document.title = `${name} · Calipso`;
  }, [name]);
  if (!found.data) return found.error ? <Failure of={found.error} again={found.again} /> : <Waiting />;
  const it = found.data;
  return (
    <>
      <h1><Name of={name} /></h1>
      <p class="line">
        <Healths of={it.healths} />
        <span class="soft">{it.objects} objects</span>
        <a href={to(["tree", name])}>Tree</a>
        <a href={to(["changes"], { env: name })}>Changes</a>
        <a href={to(["scans"], { env: name })}>Scans</a>
        {edits(name) ? (
          <>
            <a href={to(["admin", "environments", name])}>Settings</a>
            <button type="button" disabled={sending.busy}
              onClick={() => sending.send(() => startScan(name))}>
              Scan now
            </button>
          </>
        ) : null}
      </p>
      <Sent of={sending} />
      {found.error ? <Failure of={found.error} again={found.again} /> : null}
      <Believe of={it} />
      <Pulse env={name} />
      <div class="columns">
        <section aria-label="What is wrong">
          <h2>What is wrong</h2>
          {it.worst.length ? (
            <>
              <WorstList of={it.worst} />
              <a href={to(["objects"], { env: name, only: "problems" })}>All with problems</a>
            </>
          ) : (
            <Empty>{it.objects ? "Nothing that a scan could see." : "Nothing is stored yet."}</Empty>
          )}
        </section>
        <section aria-label="What there is">
          <h2>What there is</h2>
          {it.types.length ? <Types of={it.types} env={name} /> : (
            <Empty>Scan the environment to find what it has.</Empty>
          )}
        </section>
      </div>
    </>
  );
}

/** How old the knowledge is, and what is missing in it. */
function Believe({ of }: { of: Overview }) {
  const scan = of.last_scan;
  return (
    <section class="panel" aria-label="How old the data is">
      <p class="line">
        {of.running_scan ? (
          <a href={to(["scans", of.running_scan])}>A scan runs now</a>
        ) : null}
        {scan ? (
          <>
            <span>Last scan ended <a href={to(["scans", scan.id])}><Age of={scan.ended} /></a></span>
            <State
              of={{ state: scan.not_reached.length || scan.failed ? "degraded" : "ok" }}
              word={readWords(scan)}
            />
            <span>{counted(scan.error_count, "error")}, {counted(scan.warning_count, "warning")}</span>
          </>
        ) : <State of={{}} word="never scanned" />}
        <span class="soft">
          {of.next_scan ? <>next scan {new Date(of.next_scan).toLocaleString()}</> : "no schedule"}
        </span>
      </p>
      {scan?.not_reached.length ? (
        <p>Not reached: {scan.not_reached.map((host, at) => (
          <>{at ? ", " : ""}<a href={to(["search"], { q: host })}><Name of={host} /></a></>
        ))}</p>
      ) : null}
      {of.stale_hosts.length ? (
        <p class="note">
          Not read again, kept as it was: {of.stale_hosts.map((one, at) => (
            <>
              {at ? "; " : ""}{counted(one.objects, "object")}{one.host ? <> of <Name of={one.host} /></> : null},
              for <Age of={one.since} words="" />
            </>
          ))}
        </p>
      ) : null}
    </section>
  );
}

const WorstList = ({ of }: { of: Worst[] }) => (
  <ol class="worst">
    {of.map((item) => (
      <li>
        <a href={to(["object", item._id])}>
          <span class="kind">{plain(item.type)}</span>{" "}
          <strong><Name of={shortened(item.object_name || item.name || item.id, 60)} /></strong>
        </a>{" "}
        <State of={item} />
        {item.problems?.length ? <p><Name of={item.problems[0]!.message} /></p> : null}
      </li>
    ))}
  </ol>
);

function Types({ of, env }: { of: Overview["types"]; env: string }) {
  return (
    <Table
      label="Objects by type"
      name={`types-${env}`}
      rows={of}
      columns={[
        {
          title: "Type",
          cell: (row) => <a href={to(["objects"], { env, type: row.type })}>{plain(row.type)}</a>,
          text: (row) => row.type,
        },
        { title: "Number", cell: (row) => row.total, text: (row) => String(row.total) },
        { title: "Share", cell: (row) => <Bar of={row} />, text: () => "" },
        {
          title: "State",
          cell: (row) => <Healths of={row} />,
          text: (row) => `${row.bad} bad, ${row.degraded} degraded`,
        },
      ]}
    />
  );
}
