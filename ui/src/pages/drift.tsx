// Where do API, database and hosts disagree?
import { call, address, edits, get } from "../api.ts";
import { ofTopic } from "../live.ts";
import { useLoad } from "../load.ts";
import { Said } from "../parts/answer.tsx";
import { Age, Empty, Failure, More, Name, Table, Waiting, type Column, type Page } from "../parts/basics.tsx";
import { ago, EnvironmentChoice, SPANS } from "../parts/choose.tsx";
import { FindingText, SEVERITIES, SeverityCounts, SeverityMark, type DriftData, type Finding } from "../parts/findings.tsx";
import { Check, filled, Input, Select, Sent, useSend } from "../parts/form.tsx";
import { go, here, place, to } from "../route.ts";
import { plain, shortened } from "../words.ts";

const CHOICES = ["env", "severity", "rule", "host", "type", "id", "project", "hours", "unmuted"] as const;
type Asked = Record<(typeof CHOICES)[number], string>;
interface Rule {
  rule: string;
  severity: string;
  sentence: string;
}

export function Drift() {
  const query = place.value.query;
  const asked = Object.fromEntries(CHOICES.map((one) => [one, query.get(one) ?? ""])) as Asked;
  const found = useLoad<DriftData>(
    `drift ${JSON.stringify(asked)}`,
    () =>
      get("/drift", {
        env_name: asked.env,
        severity: asked.severity,
        rule: asked.rule,
        host: asked.host,
        type: asked.type,
        id: asked.id,
        project: asked.project,
        since: ago(asked.hours),
        muted: asked.unmuted ? false : undefined,
        limit: 1000,
      }),
    { every: 60_000, on: ofTopic("drift", asked.env) },
  );
  const it = found.data;
  const muting = it?.findings.find((one) => one._id === query.get("mute"));
  return (
    <>
      <h1>Drift</h1>
      <Choose of={asked} />
      {found.error ? <Failure of={found.error} again={found.again} /> : null}
      {!it ? (found.error ? null : <Waiting />) : (
        <>
          <Said of={it}>
            <p class="line"><SeverityCounts of={it.counts} env={asked.env} /><Judge env={asked.env} /></p>
          </Said>
          {muting ? <Mute key={muting._id} of={muting} done={found.again} /> : null}
          {it.findings.length ? <Rows of={it.findings} env={asked.env} /> : <Nothing of={asked} />}
          <More of={{ items: it.findings, next: it.truncated ? "more" : null }}>Choose a rule, a severity or a host.</More>
          <Mutes env={asked.env} done={found.again} muted={it.findings.filter((one) => one.muted).length} />
        </>
      )}
    </>
  );
}

function Choose({ of }: { of: Asked }) {
  const rules = useLoad<{ items: Rule[] }>("rules", () => get("/drift/rules"));
  const names = (rules.data?.items ?? []).map(({ rule }) => rule);
  const known = of.rule && !names.includes(of.rule) ? [of.rule, ...names] : names;
  const sentence = rules.data?.items.find(({ rule }) => rule === of.rule)?.sentence;
  return (
    <form
      class="line"
      key={`${JSON.stringify(of)} ${known.length}`}
      onSubmit={(event) => {
        event.preventDefault();
        go(to(["drift"], filled(event.currentTarget)));
      }}
    >
      <EnvironmentChoice value={of.env} />
      <Select label="Severity" name="severity" value={of.severity}
        choices={[["", "all"], ...SEVERITIES.map((one): [string, string] => [one, one === "critical" ? one : `${one} or worse`])]} />
      <Select label="Rule" name="rule" value={of.rule} hint={sentence ? <Name of={sentence} /> : undefined}
        choices={[["", "all"], ...known.map((one): [string, string] => [one, one])]} />
      <Select label="Began" name="hours" value={of.hours}
        choices={[["", "at any time"], ...SPANS.map(([value, word]): [string, string] => [value, `in the last ${word.replace(/^1 /, "")}`])]} />
      <button type="submit">Show</button>
      <details open={Boolean(of.host || of.type || of.id || of.project || of.unmuted)}>
        <summary>More choices</summary>
        <div class="line">
          <Input label="Host" name="host" value={of.host} />
          <Input label="Project" name="project" value={of.project} />
          <Input label="Type" name="type" value={of.type} />
          <Input label="Id" name="id" value={of.id} />
          <Check label="Without muted findings" name="unmuted" checked={Boolean(of.unmuted)} />
        </div>
      </details>
    </form>
  );
}

const Nothing = ({ of }: { of: Asked }) => (
  <Empty>
    {CHOICES.slice(1).some((one) => of[one])
      ? <>No finding fits these choices. <a href={to(["drift"], { env: of.env })}>Show all.</a></>
      : "No finding is open. The rules are applied at the end of each scan; what was not judged stands above."}
  </Empty>
);

/** Apply the rules now; a scan does so at its end. */
function Judge({ env }: { env: string }) {
  const sending = useSend();
  if (!env || !edits(env) || place.value.query.get("at")) return null;
  const run = () => call("POST", address("/drift/runs"), { environment: env });
  return (
    <>
      <button type="button" disabled={sending.busy}
        onClick={() => sending.send(run, "The rules will be applied; the findings come by themselves.")}>
        Apply the rules now
      </button>
      <Sent of={sending} />
    </>
  );
}

const Rows = ({ of, env }: { of: Finding[]; env: string }) => (
  <Table
    label="Findings"
    name="drift"
    rows={of}
    columns={COLUMNS.filter(({ title }) => !env || title !== "Environment")}
  />
);

const COLUMNS: Column<Finding>[] = [
  { title: "Severity", cell: (row) => <SeverityMark of={row.severity} />, text: (row) => `${SEVERITIES.indexOf(row.severity) + 1} ${row.severity}` },
  { title: "What differs", cell: (row) => <FindingText of={row} />, text: (row) => row.sentence },
  {
    title: "Object",
    cell: (row) => (
      <span>
        <span class="kind">{plain(row.type)}</span>{" "}
        <a href={row.key ? to(["object", row.key]) : to(["search"], { q: row.id })}>
          <Name of={shortened(row.name || row.id, 60)} />
        </a>
      </span>
    ),
    text: (row) => row.name || row.id,
  },
  { title: "Host", cell: (row) => row.host ? <a href={here({ host: row.host })}><Name of={row.host} /></a> : null, text: (row) => row.host ?? "" },
  { title: "Project", cell: (row) => <Name of={row.project} />, text: (row) => row.project ?? "" },
  { title: "Rule", cell: (row) => <a href={here({ rule: row.rule })}>{plain(row.rule)}</a>, text: (row) => row.rule },
  { title: "Environment", cell: (row) => <a href={to(["environment", row.environment])}><Name of={row.environment} /></a>, text: (row) => row.environment },
  { title: "Since", cell: (row) => <Age of={row.since} words="" />, text: (row) => row.since },
  {
    title: "Mute",
    cell: (row) => edits(row.environment) && !row.muted
      ? <a href={here({ mute: row._id })} aria-label={`mute ${plain(row.rule)} of ${shortened(row.name || row.id, 40)}`}>mute</a>
      : null,
    text: (row) => row.muted?.reason ?? "",
  },
];

/** What a mute is about. */
function scopes(of: Finding): [string, string, Record<string, string>][] {
  const object = { type: of.type, id: of.id };
  const found: [string, string, Record<string, string>][] = [
    ["object", `${of.rule} of this ${of.type}`, { rule: of.rule, ...object }],
    ["all", `every rule of this ${of.type}`, object],
  ];
  if (of.host) found.push(["host", `${of.rule} on host ${of.host}`, { rule: of.rule, host: of.host }]);
  found.push(["rule", `${of.rule} everywhere in ${of.environment}`, { rule: of.rule }]);
  return found;
}

function Mute({ of, done }: { of: Finding; done: () => void }) {
  const sending = useSend();
  const all = scopes(of);
  const act = async (given: Record<string, string>) => {
    const until = new Date(Date.now() + Number(given.hours) * 3_600_000).toISOString();
    const scope = all.find(([name]) => name === given.scope)![2];
    const body = { environment: of.environment, ...scope, reason: given.reason, until };
    await call("POST", address("/drift/mutes"), body);
    go(here({ mute: "" }), true);
    done();
  };
  return (
    <section class="panel" aria-label="Mute">
      <h2>Mute: <Name of={of.sentence} /></h2>
      <form
        class="narrow"
        onSubmit={(event) => {
          event.preventDefault();
          const given = filled(event.currentTarget);
          sending.send(() => act(given));
        }}
      >
        <Select label="What" name="scope" choices={all.map(([name, word]): [string, string] => [name, word])} />
        <Input label="Why" name="reason" required hint="Everybody sees it; for example the number of the change." />
        <Select label="For" name="hours" value="24" choices={SPANS} />
        <p class="line">
          <button type="submit" class="main" disabled={sending.busy}>Mute it</button>
          <a href={here({ mute: "" })}>Do not</a>
        </p>
        <Sent of={sending} />
      </form>
    </section>
  );
}

interface Muted {
  _id: string;
  environment: string;
  rule?: string;
  type?: string;
  object_id?: string;
  host?: string;
  reason: string;
  until: string;
  by: string;
}

/** Mutes that are in force, each with its end; read again when other findings are muted. */
function Mutes({ env, done, muted }: { env: string; done: () => void; muted: number }) {
  const found = useLoad<Page<Muted>>(`mutes ${env} ${muted}`, () =>
    get("/drift/mutes", { env_name: env, limit: 200 }), { every: 30_000 });
  const sending = useSend();
  if (found.error) return <Failure of={found.error} again={found.again} />;
  if (!found.data?.items.length) return null;
  const end = (key: string) => sending.send(async () => {
    await call("DELETE", address(`/drift/mutes/${key}`));
    found.again();
    done();
  }, "Ended.");
  const about = (one: Muted) => [one.rule, one.type && `${one.type} ${one.object_id}`, one.host && `host ${one.host}`]
    .filter(Boolean).join(", ");
  return (
    <section aria-label="Mutes">
      <h2>Muted for a while</h2>
      <Sent of={sending} />
      <Table
        label="Mutes"
        name="mutes"
        rows={found.data.items}
        columns={[
          { title: "What", cell: (row) => <Name of={about(row)} />, text: about },
          { title: "Environment", cell: (row) => <Name of={row.environment} />, text: (row) => row.environment },
          { title: "Why", cell: (row) => <Name of={row.reason} />, text: (row) => row.reason },
          { title: "By", cell: (row) => <Name of={row.by} />, text: (row) => row.by },
          { title: "Until", cell: (row) => <time dateTime={row.until}>{new Date(row.until).toLocaleString()}</time>, text: (row) => row.until },
          {
            title: "End",
            cell: (row) => edits(row.environment)
              ? <button type="button" class="small" disabled={sending.busy} aria-label={`end now: the mute of ${about(row)}`} onClick={() => end(row._id)}>end now</button>
              : null,
            text: () => "",
          },
        ]}
      />
    </section>
  );
}
