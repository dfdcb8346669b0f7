// An answer: the verdict, why, what it rests on, and what nobody looked at.
import type { ComponentChildren } from "preact";
import { to } from "../route.ts";
import { counted, plain, shortened, type Health } from "../words.ts";
import { Age, Mark, Name, Prose, Table } from "./basics.tsx";

export type Verdict = "yes" | "no" | "degraded" | "unknown";

export interface Evidence {
  source: string;
  command?: string;
  line?: string;
  host?: string;
  read_at?: string | null;
}
export interface Hop {
  direction?: string;
  key?: string;
  type: string;
  name: string;
  host?: string;
  tag?: number | null;
  mtu?: number | null;
  verdict?: Verdict;
  code?: string;
  note?: string;
}
/** What every answer has. */
export interface Judged {
  verdict: Verdict;
  sentence: string;
  code: string;
  evidence: Evidence[];
  assumptions: string[];
  not_checked: string[];
  as_of?: string | null;
}
export interface AnswerData extends Judged {
  hops: Hop[];
}

export const HEALTH: Record<Verdict, Health> = {
  yes: "good",
  no: "bad",
  degraded: "degraded",
  unknown: "unknown",
};

/** A verdict with its sentence and code; beneath it whatever belongs to it. */
export function Said({ of, children }: { of: Judged; children?: ComponentChildren }) {
  return (
    <section class={`panel answer is-${HEALTH[of.verdict]}`} aria-label="Answer">
      <p class="line">
        <span class={`state ${HEALTH[of.verdict]}`}>
          <Mark of={HEALTH[of.verdict]} /> <strong>{of.verdict}</strong>
        </span>
        <strong><Prose of={of.sentence} /></strong>
        <span class="soft">{plain(of.code)}{of.as_of ? <>, as of <Age of={of.as_of} /></> : null}</span>
      </p>
      {children}
      <Sentences title="Not checked" of={of.not_checked} open />
      <Sentences title="Taken for granted" of={of.assumptions} />
      {of.evidence.length ? (
        <details>
          <summary>{counted(of.evidence.length, "piece")} of evidence</summary>
          <EvidenceTable of={of.evidence} />
        </details>
      ) : null}
    </section>
  );
}

export const EvidenceTable = ({ of }: { of: Evidence[] }) => (
  <Table
    label="Evidence"
    name="evidence"
    rows={of}
    columns={[
      { title: "Source", cell: (row) => plain(row.source), text: (row) => row.source },
      { title: "Host", cell: (row) => <Name of={row.host} />, text: (row) => row.host ?? "" },
      { title: "Asked", cell: (row) => <Prose of={row.command} />, text: (row) => row.command ?? "" },
      { title: "Says", cell: (row) => <Name of={row.line} />, text: (row) => row.line ?? "" },
      { title: "Read", cell: (row) => <Age of={row.read_at} />, text: (row) => row.read_at ?? "" },
    ]}
  />
);

export function AnswerView({ of }: { of: AnswerData }) {
  const ways = Map.groupBy(of.hops, (hop) => hop.direction ?? "");
  return <Said of={of}>{[...ways].map(([direction, hops]) => <Way title={direction} of={hops} />)}</Said>;
}

const Way = ({ title, of }: { title: string; of: Hop[] }) => (
  <>
    {title ? <h3>{plain(title)}</h3> : null}
    <ol class="strip">
      {of.map((hop) => (
        <li class={HEALTH[hop.verdict ?? "unknown"]}>
          <span class="kind">
            {plain(hop.type)}
            {hop.tag ? ` · tag ${hop.tag}` : ""}
            {hop.mtu ? ` · MTU ${hop.mtu}` : ""}
            {hop.host ? <> · <Name of={hop.host} /></> : null}
          </span>
          <span>
            <Mark of={HEALTH[hop.verdict ?? "unknown"]} />{" "}
            {hop.key ? (
              <a href={to(["object", hop.key])}><Name of={shortened(hop.name, 40)} /></a>
            ) : <Name of={shortened(hop.name, 40)} />}
          </span>
          {hop.code || hop.note ? (
            <span class="kind">{plain([hop.code, hop.note].filter(Boolean).join(", "))}</span>
          ) : null}
        </li>
      ))}
    </ol>
  </>
);

function Sentences({ title, of, open }: { title: string; of: string[]; open?: boolean }) {
  if (!of.length) return null;
  return (
    <details open={open}>
      <summary>{title}</summary>
      <ul>{of.map((one) => <li><Prose of={one} /></li>)}</ul>
    </details>
  );
}
