// A to B: do packets get there and back, and where do they stop?
import { useEffect } from "preact/hooks";
import { address, get } from "../api.ts";
import { ofEnvironment } from "../live.ts";
import { useLoad } from "../load.ts";
import { HEALTH, Said, type AnswerData, type Verdict } from "../parts/answer.tsx";
import { Empty, Failure, Mark, Name, Prose, Waiting } from "../parts/basics.tsx";
import { EnvironmentChoice } from "../parts/choose.tsx";
import { endsOf, pathQuery, type Ends } from "../parts/ends.ts";
import { filled, Input, Select } from "../parts/form.tsx";
import { Graph, type GraphData } from "../parts/graph.tsx";
import { Hops, HopTable, wayWord, type PathHop } from "../parts/hops.tsx";
import { go, here, place, to } from "../route.ts";
import { plain } from "../words.ts";

interface Finding {
  kind: "first_bad_hop" | "other_way";
  verdict: Verdict;
  code: string;
  message: string;
  hint?: string;
  direction?: string;
  type: string;
  id: string;
  host?: string;
  from?: string;
  to?: string;
}
interface PathData extends AnswerData {
  hops: PathHop[];
  findings: Finding[];
}
const VIEWS = [["hops", "Hops"], ["graph", "Picture"], ["table", "Table"]] as const;
const PROTOCOLS = ["tcp", "udp", "icmp", "sctp"];

export function PathPage() {
  const query = place.value.query;
  const asked = Object.fromEntries(
    ["env", "from", "to", "proto", "port"].map((name) => [name, query.get(name) ?? ""]),
  ) as Required<Ends>;
  const both = asked.from && asked.to;
  useEffect(() => {
    if (both) document.title = `${plain(asked.from)} to ${plain(asked.to)} · Calipso`;
  }, [asked.from, asked.to]);
  return (
    <>
      <h1>Path</h1>
      <Ask of={asked} />
      {both ? <Answered key={JSON.stringify(asked)} of={asked} /> : (
        <Empty>
          Give two ends: an instance, port, router, network or floating IP by name, id or address;{" "}
          <code>internet</code>; <code>dhcp:web-1</code>; <code>metadata:web-1</code>. The search box
          takes <code>A to B</code>, too.
        </Empty>
      )}
    </>
  );
}

function Ask({ of }: { of: Required<Ends> }) {
  const known = of.proto && !PROTOCOLS.includes(of.proto) ? [of.proto, ...PROTOCOLS] : PROTOCOLS;
  return (
    <form
      class="line"
      key={JSON.stringify(of)}
      onSubmit={(event) => {
        event.preventDefault();
        const view = place.value.query.get("view") ?? "";
        go(to(["path"], { ...filled(event.currentTarget), view }));
      }}
    >
      <EnvironmentChoice value={of.env} all="the one that has both" />
      <Input label="From" name="from" value={of.from} required placeholder="web-1" />
      <Input label="To" name="to" value={of.to} required placeholder="db-1, internet" />
      <Select label="Protocol" name="proto" value={of.proto}
        choices={[["", "any"], ...known.map((one): [string, string] => [one, one])]} />
      <Input label="Port" name="port" kind="number" value={of.port} />
      <button type="submit" class="main">Follow</button>
      {of.from && of.to ? (
        <a href={here({ from: of.to, to: of.from })}>The other way round</a>
      ) : null}
    </form>
  );
}

async function ask(of: Required<Ends>): Promise<{ ends: Ends; answer: PathData } | null> {
  const found = await endsOf(of.env, of.from, of.to);
  if (!found) return null;
  const ends = { ...found, proto: of.proto, port: of.port };
  return { ends, answer: await get<PathData>("/path", pathQuery(ends)) };
}

function Answered({ of }: { of: Required<Ends> }) {
  const found = useLoad(`way ${JSON.stringify(of)}`, () => ask(of), {
    every: 60_000,
    on: ofEnvironment(of.env),
  });
  if (found.error && !found.data) return <Failure of={found.error} again={found.again} />;
  if (found.loading && !found.data) return <Waiting />;
  if (!found.data)
    return (
      <Empty>
        No environment that you may view has one of these ends. A part of a name is not enough here:{" "}
        <a href={to(["search"], { q: of.from })}>search for it</a>.
      </Empty>
    );
  const { ends, answer } = found.data;
  const view = VIEWS.find(([name]) => name === place.value.query.get("view"))?.[0] ?? "hops";
  return (
    <>
      {found.error ? <Failure of={found.error} again={found.again} /> : null}
      <Said of={answer}>
        <Firsts of={answer.findings} />
        <p class="soft">In <a href={to(["environment", ends.env])}><Name of={ends.env} /></a></p>
      </Said>
      <Others of={answer.findings} />
      {answer.hops.length ? (
        <nav class="tabs" aria-label="Views of the path">
          {VIEWS.map(([name, title]) => (
            <a href={here({ view: name })} aria-current={name === view ? "page" : undefined}>{title}</a>
          ))}
        </nav>
      ) : null}
      {!answer.hops.length ? null : view === "table" ? <HopTable of={answer.hops} />
        : view === "graph" ? <Picture of={ends} /> : <Both of={answer} />}
    </>
  );
}

/** The first hop of each direction that is not well, in words. */
const Firsts = ({ of }: { of: Finding[] }) => (
  <>
    {of.filter((one) => one.kind === "first_bad_hop").map((one) => (
      <p class="note">
        <Mark of={HEALTH[one.verdict]} /> First bad hop on the way {wayWord(one)}: {plain(one.type)}{" "}
        <Name of={one.id} />{one.host ? <> on <Name of={one.host} /></> : null}:{" "}
        <Prose of={one.message} /> <Prose of={one.hint} />
      </p>
    ))}
  </>
);

/** Other ways between the ends, such as by other NICs. */
function Others({ of }: { of: Finding[] }) {
  const others = of.filter((one) => one.kind === "other_way");
  if (!others.length) return null;
  return (
    <section aria-label="Other ways">
      <h2>Other ways</h2>
      <ul>
        {others.map((one) => (
          <li>
            <Mark of={HEALTH[one.verdict]} /> {one.verdict} <span class="soft">{plain(one.code)}</span>{" "}
            {one.from || one.to ? <><Name of={one.from} /> to <Name of={one.to} />: </> : null}
            <Prose of={one.message} />
          </li>
        ))}
      </ul>
    </section>
  );
}

const Both = ({ of }: { of: PathData }) => (
  <>
    {(["forward", "backward"] as const).map((direction) => {
      const hops = of.hops.filter((hop) => hop.direction === direction);
      const first = of.findings.find((one) => one.kind === "first_bad_hop" && one.direction === direction);
      const title = direction === "forward" ? "There" : "Back";
      return hops.length ? (
        <section aria-label={title}>
          <h2>{title}</h2>
          <Hops of={hops} first={first} />
        </section>
      ) : null;
    })}
  </>
);

function Picture({ of }: { of: Ends }) {
  const query = pathQuery(of);
  const found = useLoad<GraphData>(`way drawn ${JSON.stringify(of)}`, () =>
    get("/path/graph", { ...query, format: "layout" }));
  if (!found.data) return found.error ? <Failure of={found.error} again={found.again} /> : <Waiting />;
  return (
    <Graph of={found.data} label={`Way from ${plain(of.from)} to ${plain(of.to)}`}
      picture={address("/path/graph", { ...query, format: "svg" })} />
  );
}
