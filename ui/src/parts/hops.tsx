// One direction of a path: its hops by host, in order; what lies below the way is set in.
import { to } from "../route.ts";
import { plain, shortened } from "../words.ts";
import { HEALTH, type Evidence, type Hop, type Verdict } from "./answer.tsx";
import { Age, Mark, Name, Prose, Table } from "./basics.tsx";

export interface PathHop extends Hop {
  id: string;
  network?: string;
  way_in?: string;
  way_out?: string;
  state?: string;
  segment?: number | null;
  message?: string;
  hint?: string;
  security?: { verdict: Verdict; rule: string; group: string } | null;
  evidence?: Evidence | null;
  read_at?: string | null;
  stale_since?: string | null;
  monitoring?: { label?: string; text?: string } | null;
  underlay?: boolean;
  others?: string[];
}

/** Hops that follow each other on one host. */
function stages(hops: PathHop[]): { host: string; hops: PathHop[] }[] {
  const found: { host: string; hops: PathHop[] }[] = [];
  for (const hop of hops) {
    const host = hop.host ?? "";
    const last = found.at(-1);
    if (last && last.host === host) last.hops.push(hop);
    else found.push({ host, hops: [hop] });
  }
  return found;
}

/** What is known of a hop beside its name, in few words. */
function facts(hop: PathHop): string {
  const both = [hop.way_in && `in ${hop.way_in}`, hop.way_out && `out ${hop.way_out}`];
  return [
    ...both,
    hop.tag ? `tag ${hop.tag}` : "",
    hop.segment ? `segment ${hop.segment}` : "",
    hop.mtu ? `MTU ${hop.mtu}` : "",
    hop.state,
    hop.note,
    hop.others?.length ? `or ${hop.others.join(", ")}` : "",
  ].filter(Boolean).join(" · ");
}

const secured = ({ security }: PathHop) =>
  security ? `${security.verdict}: ${[security.rule, security.group && `of ${security.group}`].filter(Boolean).join(" ")}` : "";

export function Hops({ of, first }: { of: PathHop[]; first?: { type: string; id: string } }) {
  let marked = false;
  const isFirst = (hop: PathHop) => {
    const found = !marked && hop.type === first?.type && hop.id === first.id && hop.verdict !== "yes";
    marked ||= found;
    return found;
  };
  return (
    <ol class="stages">
      {stages(of).map((stage) => (
        <li>
          <p class="kind">{stage.host ? <Name of={stage.host} /> : "outside the hosts"}</p>
          <ol>{stage.hops.map((hop) => <One of={hop} first={isFirst(hop)} />)}</ol>
        </li>
      ))}
    </ol>
  );
}

function One({ of, first }: { of: PathHop; first: boolean }) {
  const how = HEALTH[of.verdict ?? "unknown"];
  const name = <Name of={shortened(of.name, 40)} />;
  return (
    <li class={`${how}${first ? " first-bad" : ""}${of.underlay ? " below" : ""}`}>
      <Mark of={how} /> <span class="kind">{of.underlay ? "below: " : ""}{plain(of.type)}</span>{" "}
      <strong>{of.key ? <a href={to(["object", of.key])}>{name}</a> : name}</strong>
      {first ? <strong class="note"> First bad hop</strong> : null}
      {facts(of) ? <p class="soft"><Name of={facts(of)} /></p> : null}
      {of.security ? <p class="soft">security groups: <Name of={secured(of)} /></p> : null}
      {of.monitoring?.label ? <p class="soft">monitoring: {plain(of.monitoring.label)} <Name of={of.monitoring.text} /></p> : null}
      {of.verdict !== "yes" ? <p class="note"><Prose of={[of.code, of.message].filter(Boolean).join(": ")} /></p> : null}
      <Grounds of={of} />
    </li>
  );
}

/** How old the facts of a hop are, and where they come from. */
function Grounds({ of }: { of: PathHop }) {
  const { evidence } = of;
  const stale = of.stale_since ? <span class="note"> not read since <Age of={of.stale_since} words="" /></span> : null;
  const read = <>read <Age of={of.read_at} />{stale}</>;
  if (!evidence) return <p class="soft">{of.read_at ? read : "nobody read it"}</p>;
  return (
    <details>
      <summary class="soft">{read}</summary>
      <p>
        {plain(evidence.source)}: <Prose of={evidence.command} /> <Name of={evidence.line} />
        {evidence.host ? <> on <Name of={evidence.host} /></> : null}
      </p>
    </details>
  );
}

/** The hops of both directions as rows. */
export const HopTable = ({ of }: { of: PathHop[] }) => (
  <Table
    label="Hops"
    name="path"
    rows={of}
    columns={[
      { title: "Way", cell: (row) => wayWord(row), text: wayWord },
      { title: "Type", cell: (row) => `${row.underlay ? "· " : ""}${plain(row.type)}`, text: (row) => row.type },
      {
        title: "Name",
        cell: (row) => row.key
          ? <a href={to(["object", row.key])}><Name of={shortened(row.name, 60)} /></a>
          : <Name of={shortened(row.name, 60)} />,
        text: (row) => row.name,
      },
      { title: "Host", cell: (row) => <Name of={row.host} />, text: (row) => row.host ?? "" },
      {
        title: "Verdict",
        cell: (row) => <span class="state"><Mark of={HEALTH[row.verdict ?? "unknown"]} /> {row.verdict}</span>,
        text: (row) => row.verdict ?? "",
      },
      {
        title: "Why",
        cell: (row) => <Name of={[row.code, row.message].filter(Boolean).join(": ")} />,
        text: (row) => [row.code, row.message].filter(Boolean).join(": "),
      },
      { title: "Facts", cell: (row) => <Name of={facts(row)} />, text: facts },
      { title: "Security groups", cell: (row) => <Name of={secured(row)} />, text: secured },
      { title: "Read", cell: (row) => <Age of={row.read_at} />, text: (row) => row.read_at ?? "" },
    ]}
  />
);

export const wayWord = (hop: { direction?: string }) => (hop.direction === "backward" ? "back" : "there");
