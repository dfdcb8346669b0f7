// One object: is it all right, and how does it reach the wire?
import { useEffect } from "preact/hooks";
import { get } from "../api.ts";
import { ofEnvironment } from "../live.ts";
import { useLoad } from "../load.ts";
import { Age, Copied, Failure, Mark, Name, Prose, State, Table, Waiting } from "../parts/basics.tsx";
import { FindingsOf } from "../parts/findings.tsx";
import { here, place, to } from "../route.ts";
import { finderOf, narrow, plain, shortened, type Health } from "../words.ts";
import { Around } from "./around.tsx";
import { Impact } from "./impact.tsx";
import { Changed, Dependents, Links } from "./relations.tsx";
import { Why } from "./why.tsx";

export interface Thing {
  _id: string;
  id: string;
  type: string;
  name: string;
  object_name?: string;
  environment: string;
  host?: string;
  state?: string;
  status?: string;
  last_scanned?: string;
  stale_since?: string;
  name_path?: string;
  fetched_by?: { source?: string; fetcher?: string };
  /** What monitoring says; only where it runs. */
  monitoring?: { label?: string; text?: string; since?: string; acknowledged?: unknown };
  problems?: { code: string; message: string; hint?: string; since?: string; found_by?: Record<string, string> }[];
  [field: string]: unknown;
}
/** Words of monitoring as words of states. */
const MONITORED: Record<string, string> = { OK: "ok", Warning: "degraded", Error: "error" };
const VIEWS = ["graph", "table", "facts", "links", "changes", "dependents", "impact", "why"] as const;
const TITLES = {
  graph: "Graph",
  table: "Table",
  facts: "Facts",
  links: "Links",
  changes: "Changes",
  dependents: "Who depends on it",
  impact: "If it fails",
  why: "Why no network",
};

export function ObjectPage({ id }: { id: string }) {
  const found = useLoad<Thing>(`object ${id}`, () => get(`/inventory/${id}`), {
    every: 30_000,
    on: ofEnvironment(),
  });
  const asked = place.value.query.get("view");
  const view = VIEWS.find((one) => one === asked) ?? "graph";
  const thing = found.data;
  useEffect(() => {
    if (thing) document.title = `${plain(thing.object_name || thing.name)} · Calipso`;
  }, [thing?.name]);
  if (!thing) return found.error ? <Failure of={found.error} again={found.again} /> : <Waiting />;
  return (
    <article>
      <header class="object">
        <p class="kind">{thing.type}</p>
        <h1>
          <Name of={shortened(thing.object_name || thing.name || thing.id, 200)} />
        </h1>
        <p class="line">
          <State of={thing} />
          <span>
            seen <Age of={thing.last_scanned} />
            {thing.fetched_by?.source ? <> by {plain(thing.fetched_by.source)}</> : null}
          </span>
          {thing.monitoring?.label ? (
            <span>
              monitoring: <State of={{ state: MONITORED[thing.monitoring.label] }} word={thing.monitoring.label} />{" "}
              <Name of={thing.monitoring.text} />
              {thing.monitoring.since ? <> since <Age of={thing.monitoring.since} words="" /></> : null}
              {thing.monitoring.acknowledged ? <span class="soft"> (acknowledged)</span> : null}
            </span>
          ) : null}
          {thing.stale_since ? (
            <span class="note">
              could not be read again since <Age of={thing.stale_since} words="" />
            </span>
          ) : null}
          {thing.host ? (
            <span>
              on <a href={to(["search"], { q: thing.host })}><Name of={thing.host} /></a>
            </span>
          ) : null}
          <span>
            in <a href={to(["environment", thing.environment])}><Name of={thing.environment} /></a>
          </span>
        </p>
        <p class="line">
          <Copied of={thing.id} />
          {typeof thing.ip_address === "string" ? <Copied of={thing.ip_address} /> : null}
          {typeof thing.mac_address === "string" ? <Copied of={thing.mac_address} /> : null}
        </p>
      </header>
      {found.error ? <Failure of={found.error} again={found.again} /> : null}
      <Problems of={thing} />
      <FindingsOf env={thing.environment} type={thing.type} id={thing.id}
        told={(thing.problems ?? []).map((one) => one.message)} />
      <Ways id={id} />
      <nav class="tabs" aria-label="Views of the object">
        {VIEWS.filter((one) => one !== "why" || thing.type === "instance").map((one) => (
          <a
            href={here({ view: one })}
            aria-current={one === view ? "page" : undefined}
          >
            {TITLES[one]}
          </a>
        ))}
      </nav>
      {view === "graph" || view === "table" ? <Around id={id} view={view} thing={thing} /> : null}
      {view === "facts" ? <Facts of={thing} /> : null}
      {view === "links" ? <Links id={id} /> : null}
      {view === "changes" ? <Changed id={id} env={thing.environment} /> : null}
      {view === "dependents" ? <Dependents id={id} /> : null}
      {view === "impact" ? <Impact id={id} thing={thing} /> : null}
      {view === "why" ? <Why thing={thing} /> : null}
    </article>
  );
}

function Problems({ of }: { of: Thing }) {
  if (!of.problems?.length) return null;
  return (
    <section class="problems" aria-label="Problems">
      <h2>What is wrong</h2>
      <ul>
        {of.problems.map((problem) => (
          <li>
            <strong><Prose of={problem.message} /></strong>
            {problem.hint ? <> <Prose of={problem.hint} /></> : null}{" "}
            <span class="soft">
              {plain(problem.code)}
              {problem.since ? <>, since <Age of={problem.since} words="" /></> : null}
              {finderOf(problem.found_by) ? <>, found by {plain(finderOf(problem.found_by))}</> : null}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

interface Hop {
  key: string;
  type: string;
  name: string;
  host?: string;
  state?: string;
  health: Health;
  mtu?: number;
  tag?: number;
  reason?: string;
  problems: string[];
  link_state?: string;
  link_health?: Health;
}

const ill = (how?: Health) => how === "bad" || how === "degraded";

/** The strip to the wire: each way to a network, hop by hop; the first bad hop in words. */
function Ways({ id }: { id: string }) {
  const found = useLoad<{ hops: Hop[][] }>(
    `paths ${id}`,
    () => get(`/inventory/${id}/paths`),
    { every: 30_000, on: ofEnvironment() },
  );
  if (!found.data?.hops.length) return null;
  return (
    <section aria-label="Ways to networks">
      {found.data.hops.map((way) => {
        const first = way.find((hop) => ill(hop.health) || ill(hop.link_health));
        return (
          <>
            <ol class="strip">
              {way.map((hop) => (
                <li class={`${hop.health}${hop === first ? " first" : ""}`}>
                  <span class="kind">
                    {hop.type}
                    {hop.tag ? ` · tag ${hop.tag}` : ""}
                    {hop.mtu ? ` · MTU ${hop.mtu}` : ""}
                  </span>
                  <a href={to(["object", hop.key])}>
                    <Mark of={hop.health} /> <Name of={shortened(hop.name, 40)} />
                  </a>
                </li>
              ))}
            </ol>
            {first ? <FirstBad of={first} /> : null}
            <Narrow of={way} />
          </>
        );
      })}
    </section>
  );
}

/** A device that is too small for the packets of its network. */
function Narrow({ of }: { of: Hop[] }) {
  const found = narrow(of);
  if (!found) return null;
  const { hop, network } = found;
  return (
    <p class="note">
      {hop.type} <Name of={hop.name} /> has MTU {hop.mtu}, but network <Name of={network.name} />{" "}
      has {network.mtu}: larger packets do not pass.
    </p>
  );
}

function FirstBad({ of }: { of: Hop }) {
  const link = !ill(of.health) && ill(of.link_health);
  const why = of.problems.join("; ") || of.reason || (link ? of.link_state : of.state);
  return (
    <p class="note">
      First bad hop: {link ? "the link to " : ""}
      {of.type} <Name of={of.name} />
      {why ? <>: <Name of={why} /></> : null}
    </p>
  );
}

function Facts({ of }: { of: Thing }) {
  const rows = Object.entries(of).filter(([name]) => name !== "problems").sort();
  return (
    <>
      <Table
        label="Facts"
        name="facts"
        rows={rows}
        columns={[
          { title: "Field", cell: ([name]) => <code>{plain(name)}</code>, text: ([name]) => name },
          { title: "Value", cell: ([, value]) => <Value of={value} />, text: ([, value]) => told(value) },
        ]}
      />
      <details>
        <summary>As JSON</summary>
        <pre tabIndex={0}>{plainJson(of)}</pre>
      </details>
    </>
  );
}

const told = (value: unknown) => (typeof value === "object" ? JSON.stringify(value) : String(value));
const plainJson = (value: unknown) =>
  JSON.stringify(value, null, 2).split("\n").map(plain).join("\n");

function Value({ of }: { of: unknown }) {
  if (typeof of !== "object" || of === null) return <Name of={shortened(told(of), 2000)} />;
  const text = plainJson(of);
  return text.length < 80 ? <code>{text}</code> : (
    <details>
      <summary>{Array.isArray(of) ? `${of.length} items` : `${Object.keys(of).length} fields`}</summary>
      <pre tabIndex={0}>{text}</pre>
    </details>
  );
}
