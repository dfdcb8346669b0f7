// What is different between two scans, two times, or around an object; and which findings are new.
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { get } from "../api.ts";
import { useLoad } from "../load.ts";
import { HEALTH, type Verdict } from "../parts/answer.tsx";
import { Age, Empty, Failure, Mark, Name, Prose, Table, Waiting, type Page } from "../parts/basics.tsx";
import { EnvironmentChoice } from "../parts/choose.tsx";
import { FindingText, SeverityMark, type Finding } from "../parts/findings.tsx";
import { filled, Input, Select } from "../parts/form.tsx";
import { go, here, place, to } from "../route.ts";
import { counted, plain, shortened, sides } from "../words.ts";
import type { Change } from "./changes.tsx";

interface Caused extends Change {
  project: string;
  cause: { scan?: string; text: string; origin?: string };
}
interface DiffData {
  environment: string;
  start: string;
  end: string;
  verdict: Verdict;
  sentence: string;
  code: string;
  counts: Record<string, Record<string, number>>;
  changes: Caused[];
  findings: Record<"new" | "cleared" | "unchanged", Finding[]>;
  truncated: boolean;
}
/** More words of a kind are shown when asked for. */
const MOST = 8;
const CHOICES = ["env", "from", "to", "since", "until", "around", "depth"] as const;
type Asked = Record<(typeof CHOICES)[number], string>;
/** By what changes are counted, and how a change tells it. */
const BY: [string, string, (of: Caused) => string][] = [
  ["change", "What happened", (of) => of.change],
  ["type", "Type", (of) => of.type],
  ["project", "Project", (of) => of.project],
  ["host", "Host", (of) => of.host ?? ""],
  ["cause", "Cause", (of) => of.cause.text],
];

const utc = (local: string) => (local ? new Date(local).toISOString() : "");

export function Compare() {
  const query = place.value.query;
  const asked = Object.fromEntries(CHOICES.map((one) => [one, query.get(one) ?? ""])) as Asked;
  const ready = asked.env && (asked.from || asked.since);
  const found = useLoad<DiffData | null>(`diff ${JSON.stringify(asked)}`, async () =>
    ready
      ? get("/diff", {
          env_name: asked.env,
          ...(asked.from
            ? { from_scan: asked.from, to_scan: asked.to }
            : { start: utc(asked.since), end: utc(asked.until) }),
          around: asked.around,
          depth: asked.around ? asked.depth : "",
          limit: 2000,
        })
      : null);
  useEffect(() => {
    document.title = "Compare · Calipso";
  }, []);
  return (
    <>
      <h1>Compare</h1>
      <Choose of={asked} />
      {found.error ? <Failure of={found.error} again={found.again} /> : null}
      {!ready ? (
        <Empty>
          Choose an environment, and two of its scans or two times: the state before and after a
          change, for example. It shows what differs, and which findings of drift are new.
        </Empty>
      ) : found.data ? <Told of={found.data} /> : found.error ? null : <Waiting />}
    </>
  );
}

function Choose({ of }: { of: Asked }) {
  const scans = useLoad<Page<{ id: string; submit_timestamp: string; status: string }>>(
    `scans to compare ${of.env}`,
    async () => (of.env ? get("/scans", { env_name: of.env, limit: 50 }) : { items: [], next: null }),
  );
  const choices = (scans.data?.items ?? []).map(({ id, submit_timestamp, status }): [string, string] =>
    [id, `${new Date(submit_timestamp).toLocaleString()} ${status}`]);
  return (
    <form
      class="line"
      key={`${JSON.stringify(of)} ${choices.length}`}
      onSubmit={(event) => {
        event.preventDefault();
        const given = filled(event.currentTarget);
        if (given.from) delete given.since;
        go(to(["compare"], given));
      }}
    >
      <EnvironmentChoice value={of.env} all="choose one" />
      {choices.length ? (
        <>
          <Select label="From scan" name="from" value={of.from} choices={[["", "by time"], ...choices]} />
          <Select label="To scan" name="to" value={of.to} choices={[["", "the newest"], ...choices]} />
        </>
      ) : null}
      <Input label="Or from the time" name="since" kind="datetime-local" value={of.since} />
      <Input label="Until" name="until" kind="datetime-local" value={of.until} />
      <button type="submit" class="main">Compare</button>
      {of.around ? (
        <>
          <input type="hidden" name="around" value={of.around} />
          <Select label="Near the object: links away" name="depth" value={of.depth || "2"} choices={["0", "1", "2", "3", "4", "5"]} />
          <span>
            Only around <a href={to(["object", of.around])}>one object</a>.{" "}
            <a href={here({ around: "", depth: "" })}>Compare the whole environment</a>
          </span>
        </>
      ) : null}
    </form>
  );
}

const Told = ({ of }: { of: DiffData }) => (
  <>
    <section class={`panel answer is-${HEALTH[of.verdict]}`} aria-label="Answer">
      <p class="line">
        <span class={`state ${HEALTH[of.verdict]}`}>
          <Mark of={HEALTH[of.verdict]} /> <strong>{of.verdict}</strong>
        </span>
        <strong><Prose of={of.sentence} /></strong>
        <span class="soft">{plain(of.code)}</span>
      </p>
      <p class="line soft">
        <span>from {new Date(of.start).toLocaleString()} (<Age of={of.start} />)</span>
        <span>to {new Date(of.end).toLocaleString()} (<Age of={of.end} />)</span>
        <a href={to(["tree", of.environment], { at: of.start })}>As it was then</a>
      </p>
    </section>
    <Group title="New findings" of={of.findings.new} none="No finding is new." />
    <Group title="Cleared findings" of={of.findings.cleared} />
    {of.findings.unchanged.length ? (
      <details>
        <summary>{counted(of.findings.unchanged.length, "unchanged finding")}</summary>
        <Findings of={of.findings.unchanged} label="Unchanged findings" />
      </details>
    ) : null}
    <h2>Changes</h2>
    {of.changes.length ? <Differing of={of} /> : (
      <Empty>Nothing differs. What was changed and changed back does not count.</Empty>
    )}
  </>
);

function Group({ title, of, none }: { title: string; of: Finding[]; none?: ComponentChildren }) {
  if (!of.length && !none) return null;
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      {of.length ? <Findings of={of} label={title} /> : <p class="soft">{none}</p>}
    </section>
  );
}

const Findings = ({ of, label }: { of: Finding[]; label: string }) => (
  <Table
    label={label}
    rows={of}
    columns={[
      { title: "Severity", cell: (row) => <SeverityMark of={row.severity} />, text: (row) => row.severity },
      { title: "What differs", cell: (row) => <FindingText of={row} />, text: (row) => row.sentence },
      {
        title: "Object",
        cell: (row) => <a href={to(["search"], { q: row.id })}><Name of={shortened(row.name || row.id, 60)} /></a>,
        text: (row) => row.name || row.id,
      },
      { title: "Rule", cell: (row) => plain(row.rule), text: (row) => row.rule },
      { title: "Since", cell: (row) => <Age of={row.since} words="" />, text: (row) => row.since },
    ]}
  />
);

/** Numbers by what they are counted by, each a filter of the rows beneath. */
function Differing({ of }: { of: DiffData }) {
  const query = place.value.query;
  const [by, is] = [query.get("by") ?? "", query.get("is") ?? ""];
  const told = BY.find(([name]) => name === by)?.[2];
  const rows = told ? of.changes.filter((one) => told(one) === is) : of.changes;
  return (
    <>
      <div class="tallies">
        {BY.map(([name, title]) => {
          const words = Object.entries(of.counts[name] ?? {});
          return (
            <section aria-label={title}>
              <h3>{title}</h3>
              <ul>{words.slice(0, MOST).map((word) => <Tally by={name} of={word} />)}</ul>
              {words.length > MOST ? (
                <details open={name === by}>
                  <summary>{words.length - MOST} more</summary>
                  <ul>{words.slice(MOST).map((word) => <Tally by={name} of={word} />)}</ul>
                </details>
              ) : null}
            </section>
          );
        })}
      </div>
      {told ? <p class="line">Only <Name of={is || "(none)"} />. <a href={here({ by: "", is: "" })}>Show all</a></p> : null}
      {of.truncated ? <p class="note">Only the first {of.changes.length} changes are shown; the numbers are of all.</p> : null}
      <Table
        label="Differences"
        name="differences"
        rows={rows}
        columns={[
          { title: "What", cell: (row) => row.change, text: (row) => row.change },
          { title: "Type", cell: (row) => plain(row.type), text: (row) => row.type },
          {
            title: "Name",
            cell: (row) => <a href={to(["search"], { q: row.id })}><Name of={shortened(row.name || row.id, 80)} /></a>,
            text: (row) => row.name || row.id,
          },
          { title: "Project", cell: (row) => <Name of={row.project} />, text: (row) => row.project },
          { title: "Host", cell: (row) => <Name of={row.host} />, text: (row) => row.host ?? "" },
          { title: "Values", cell: (row) => <Name of={values(row)} />, text: values },
          {
            title: "Cause",
            cell: (row) => row.cause.scan
              ? <a href={to(["scans", row.cause.scan])}><Name of={row.cause.text} /></a>
              : <Name of={row.cause.text} />,
            text: (row) => row.cause.text,
          },
          { title: "When", cell: (row) => <Age of={row.time} />, text: (row) => row.time },
        ]}
      />
    </>
  );
}

/** One number; its word keeps only these changes, or shows all again. */
function Tally({ by, of: [word, number] }: { by: string; of: [string, number] }) {
  const query = place.value.query;
  const mine = query.get("by") === by && (query.get("is") ?? "") === word;
  return (
    <li>
      <a href={here(mine ? { by: "", is: "" } : { by, is: word })} aria-current={mine ? "true" : undefined}>
        <Name of={shortened(word || "(none)", 50)} />
      </a>{" "}
      {number}
    </li>
  );
}

const values = (change: Change) =>
  Object.entries(change.fields ?? {}).map(([name, both]) => `${plain(name)}: ${sides(both)}`).join("; ");
