// What is not OK, since when, and who knows? And is everything checked?
import { useEffect } from "preact/hooks";
import { address, call, edits, get } from "../api.ts";
import { ofTopic } from "../live.ts";
import { useLoad } from "../load.ts";
import { Age, Empty, Failure, Mark, More, Name, Table, Waiting, type Page } from "../parts/basics.tsx";
import { EnvironmentChoice, SPANS, useEnvironments } from "../parts/choose.tsx";
import { Check, filled, Input, Select, Sent, useSend } from "../parts/form.tsx";
import { go, here, place, to } from "../route.ts";
import { plain, shortened, type Health } from "../words.ts";
import { Checked, Hosts, Silences } from "./runners.tsx";

interface Status {
  _id: string;
  environment: string;
  kind: "object" | "link" | "clique";
  type: string;
  id: string;
  name: string;
  host?: string;
  value: number;
  label: string;
  text: string;
  since?: string;
  source: string;
  flapping?: boolean;
  acknowledged?: { who: string; why: string; until?: string | null } | null;
  silenced_until?: string | null;
}
/** How a value of monitoring is shown. */
export const VALUES: Record<string, Health> = { OK: "good", Warning: "degraded", Error: "bad", Unknown: "unknown" };
const NUMBERS: [string, string][] = [["2", "Error"], ["1", "Warning"], ["3", "Unknown"]];
/** The worst first, Unknown last; those nobody works on before the others. */
const ORDER = [3, 1, 0, 2];
const rank = (one: Status) => (one.acknowledged || silent(one) ? 10 : 0) + (ORDER[one.value] ?? 3);
const silent = (one: Status) => Boolean(one.silenced_until && new Date(one.silenced_until).getTime() > Date.now());

const CHOICES = ["env", "kind", "type", "host", "value", "open", "marker"] as const;
type Asked = Record<(typeof CHOICES)[number], string>;

export function Monitoring() {
  const query = place.value.query;
  const asked = Object.fromEntries(CHOICES.map((one) => [one, query.get(one) ?? ""])) as Asked;
  const found = useLoad<Page<Status>>(
    `statuses ${JSON.stringify(asked)}`,
    () =>
      get("/monitoring/statuses", {
        env_name: asked.env,
        kind: asked.kind,
        type: asked.type,
        host: asked.host,
        value: asked.value,
        marker: asked.marker,
        limit: 500,
      }),
    { every: 15_000, on: ofTopic("monitoring", asked.env) },
  );
  useEffect(() => {
    document.title = "Monitoring · Calipso";
  }, []);
  const all = found.data?.items ?? [];
  const rows = all
    .filter((one) => !asked.open || !(one.acknowledged || silent(one)))
    .sort((one, other) => rank(one) - rank(other) || (other.since ?? "").localeCompare(one.since ?? ""));
  const acting = all.find((one) => one._id === query.get("act"));
  return (
    <>
      <h1>Monitoring</h1>
      <Choose of={asked} />
      <Checked env={asked.env} />
      {acting ? <Act key={acting._id} of={acting} done={found.again} /> : null}
      <h2>Not OK</h2>
      {found.error ? <Failure of={found.error} again={found.again} /> : null}
      {!found.data ? (found.error ? null : <Waiting />) : rows.length ? <Rows of={rows} /> : <Nothing of={asked} />}
      {found.data ? <More of={found.data}>Choose a type, a host or a value. <a href={here({ marker: found.data.next ?? "" })}>The next ones</a></More> : null}
      <Silences env={asked.env} />
      {asked.env ? <Hosts env={asked.env} /> : null}
    </>
  );
}

const Choose = ({ of }: { of: Asked }) => (
  <form
    class="line"
    key={JSON.stringify(of)}
    onSubmit={(event) => {
      event.preventDefault();
      go(to(["monitoring"], filled(event.currentTarget)));
    }}
  >
    <EnvironmentChoice value={of.env} />
    <Select label="Value" name="value" value={of.value} choices={[["", "all that is not OK"], ...NUMBERS]} />
    <Select label="Of" name="kind" value={of.kind}
      choices={[["", "everything"], ["object", "objects"], ["link", "links"], ["clique", "cliques"]]} />
    <Input label="Type" name="type" value={of.type} placeholder="vnic" />
    <Input label="Host" name="host" value={of.host} />
    <Check label="Only what nobody works on" name="open" checked={Boolean(of.open)} />
    <button type="submit">Show</button>
  </form>
);

function Nothing({ of }: { of: Asked }) {
  const chosen = CHOICES.slice(1).some((one) => of[one]);
  const names = useEnvironments();
  return (
    <Empty>
      {chosen ? <>Nothing fits these choices. <a href={to(["monitoring"], { env: of.env })}>Show all.</a></>
        : names.length ? "Nothing that is checked is warning, in error or unknown."
        : <>There is no environment yet: <a href={to(["admin", "environments", "new"])}>add one</a>.</>}
    </Empty>
  );
}

/** Where a status leads to: the object, or the focal point of a clique. */
const where = (row: Status) =>
  row.kind === "object" ? to(["object", row._id]) : to(["search"], { q: row.name || row.id });

const Rows = ({ of }: { of: Status[] }) => (
  <Table
    label="Not OK"
    name="monitoring"
    rows={of}
    columns={[
      {
        title: "Value",
        cell: (row) => (
          <span class={`state ${VALUES[row.label] ?? "unknown"}`}>
            <Mark of={VALUES[row.label] ?? "unknown"} /> {row.label}
            {row.flapping ? <span class="note">flapping</span> : null}
          </span>
        ),
        text: (row) => `${ORDER[row.value]} ${row.label}`,
      },
      { title: "Type", cell: (row) => `${row.kind === "object" ? "" : `${row.kind} `}${plain(row.type)}`, text: (row) => `${row.kind} ${row.type}` },
      {
        title: "Name",
        cell: (row) => <a href={where(row)}><Name of={shortened(row.name || row.id, 60)} /></a>,
        text: (row) => row.name || row.id,
      },
      { title: "Host", cell: (row) => row.host ? <a href={here({ host: row.host, marker: "" })}><Name of={row.host} /></a> : null, text: (row) => row.host ?? "" },
      { title: "What is said", cell: (row) => <Name of={shortened(row.text, 300)} />, text: (row) => row.text },
      { title: "Since", cell: (row) => <Age of={row.since} words="" />, text: (row) => row.since ?? "" },
      { title: "Source", cell: (row) => <Name of={row.source} />, text: (row) => row.source },
      { title: "Environment", cell: (row) => <a href={to(["environment", row.environment])}><Name of={row.environment} /></a>, text: (row) => row.environment },
      { title: "Who knows", cell: (row) => <Known of={row} />, text: (row) => row.acknowledged?.who ?? "" },
    ]}
  />
);

/** Who works on it, until when it is silent; and the way to say so. */
function Known({ of }: { of: Status }) {
  const name = shortened(of.name || of.id, 40);
  return (
    <span>
      {of.acknowledged ? <><Name of={of.acknowledged.who} />: <Name of={of.acknowledged.why || "acknowledged"} /> </> : null}
      {silent(of) ? <span class="note">silent until {new Date(of.silenced_until!).toLocaleString()} </span> : null}
      {edits(of.environment) && of.kind !== "clique"
        ? <a href={here({ act: of._id })} aria-label={`acknowledge, silence ${name}`}>acknowledge, silence</a>
        : null}
    </span>
  );
}

/** Say that somebody knows of it, or that nobody wants to hear of it for a while. */
function Act({ of, done }: { of: Status; done: () => void }) {
  const path = `/monitoring/objects/${of._id}`;
  return (
    <section class="panel" aria-label="Acknowledge or silence">
      <h2>{plain(of.type)} <Name of={shortened(of.name || of.id, 60)} />: {of.label}</h2>
      <div class="columns">
        <Form title="Acknowledge" button="I know of it" done={done} hint="It is over when the status is OK again."
          act={({ why, hours }) => call("PUT", address(`${path}/acknowledgement`), { why: why ?? "", ...(hours ? { hours: Number(hours) } : {}) })}
          spans={[["", "until it is OK"], ...SPANS]} />
        <Form title="Silence" button="Silence it" done={done} hint="No message, no alert, and it does not count." below
          act={({ why, hours, below }) =>
            call("POST", address(`${path}/silence`), { why: why ?? "", hours: Number(hours), below: Boolean(below) })}
          spans={SPANS} />
      </div>
      <p class="line">
        {of.acknowledged ? <TakeBack path={path} done={done} /> : null}
        <a href={here({ act: "" })}>Close</a>
      </p>
    </section>
  );
}

function Form({ title, button, hint, spans, act, done, below }: {
  title: string;
  button: string;
  hint: string;
  spans: [string, string][];
  act: (given: Record<string, string>) => Promise<unknown>;
  done: () => void;
  below?: boolean;
}) {
  const sending = useSend();
  return (
    <form
      class="narrow"
      onSubmit={(event) => {
        event.preventDefault();
        const given = filled(event.currentTarget);
        sending.send(async () => {
          await act(given);
          go(here({ act: "" }), true);
          done();
        });
      }}
    >
      <h3>{title}</h3>
      <Input label="Why" name="why" hint={hint} />
      <Select label="For" name="hours" value={spans[0]![0]} choices={spans} />
      {below ? <Check label="Also what is below it" name="below" checked /> : null}
      <button type="submit" disabled={sending.busy}>{button}</button>
      <Sent of={sending} />
    </form>
  );
}

function TakeBack({ path, done }: { path: string; done: () => void }) {
  const sending = useSend();
  const act = () => sending.send(async () => {
    await call("DELETE", address(`${path}/acknowledgement`));
    go(here({ act: "" }), true);
    done();
  });
  return (
    <>
      <button type="button" disabled={sending.busy} onClick={act}>Take the acknowledgement back</button>
      <Sent of={sending} />
    </>
  );
}
