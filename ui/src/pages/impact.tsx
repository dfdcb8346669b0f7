// May I touch it? What is lost and what only degraded when an object fails; which parts are single.
import { useEffect } from "preact/hooks";
import { get } from "../api.ts";
import { ofEnvironment } from "../live.ts";
import { useLoad } from "../load.ts";
import { Said, type Judged } from "../parts/answer.tsx";
import { Empty, Failure, Mark, More, Name, Table, Waiting, type Page } from "../parts/basics.tsx";
import { EnvironmentChoice } from "../parts/choose.tsx";
import { search } from "../parts/ends.ts";
import { filled, Input, Sent, useSend } from "../parts/form.tsx";
import { go, here, place, to } from "../route.ts";
import { plain, shortened } from "../words.ts";
import type { Thing } from "./object.tsx";

interface Hurt {
  _id: string;
  type: string;
  id: string;
  name: string;
  project?: string;
  host?: string;
  effect: "lost" | "degraded";
  reason: string;
  lost: string[];
  degraded: string[];
}
interface ImpactData extends Judged {
  findings: Hurt[];
  counts: Record<"lost" | "degraded", Record<string, number>>;
  truncated: boolean;
}

const HOW = { lost: "bad", degraded: "degraded" } as const;
const told = (numbers: Record<string, number>) =>
  Object.entries(numbers).map(([type, number]) => `${number} ${type}`).join(", ");

export function Impact({ id, thing }: { id: string; thing: Thing }) {
  const also = (place.value.query.get("also") ?? "").split(",").filter(Boolean);
  const found = useLoad<ImpactData>(
    `impact ${id} ${also}`,
    () => get(`/inventory/${id}/impact`, { object: also.join(","), limit: 2000 }),
    { every: 120_000, on: ofEnvironment(thing.environment) },
  );
  const it = found.data;
  const projects = new Set(it?.findings.map((one) => one.project).filter(Boolean));
  return (
    <>
      <Also of={also} env={thing.environment} />
      {found.error ? <Failure of={found.error} again={found.again} /> : null}
      {!it ? (found.error ? null : <Waiting />) : (
        <>
          <Said of={it}>
            <p class="line">
              <span><Mark of="bad" /> lost: {told(it.counts.lost) || "nothing"}</span>
              <span><Mark of="degraded" /> degraded: {told(it.counts.degraded) || "nothing"}</span>
              {projects.size ? <span class="soft">of {projects.size === 1 ? "1 project" : `${projects.size} projects`}</span> : null}
            </p>
          </Said>
          {it.findings.length ? <Hurts of={it.findings} name={thing.name} /> : null}
          <More of={{ items: it.findings, next: it.truncated ? "more" : null }} />
        </>
      )}
      <p><a href={to(["spof"], { env: thing.environment })}>All single points of failure of this environment</a></p>
    </>
  );
}

/** Other objects that fail at the same time. */
function Also({ of, env }: { of: string[]; env: string }) {
  const sending = useSend();
  const add = async (words: string) => {
    const { items } = await search(words);
    const near = items.filter((hit) => hit.environment === env);
    const hit = near.find((one) => one.name === words || one.id === words) ?? near[0];
    if (!hit) throw new Error(`nothing in ${env} is called ${words}`);
    go(here({ also: [...new Set([...of, hit._id])].join(",") }));
  };
  return (
    <form
      class="line"
      onSubmit={(event) => {
        event.preventDefault();
        const { word } = filled(event.currentTarget);
        if (word) sending.send(() => add(word));
      }}
    >
      <span>If it goes down{of.length ? ` together with ${of.length} more` : ""}:</span>
      {of.map((key) => (
        <span>
          <a href={to(["object", key])}><Named of={key} /></a>{" "}
          <a href={here({ also: of.filter((one) => one !== key).join(",") })} aria-label="Leave it out">✕</a>
        </span>
      ))}
      <Input label="And also" name="word" placeholder="compute-2, ens1f0" />
      <button type="submit" disabled={sending.busy}>Add</button>
      <Sent of={sending} />
    </form>
  );
}

function Named({ of }: { of: string }) {
  const found = useLoad<Thing>(`named ${of}`, () => get(`/inventory/${of}`));
  return found.data ? <Name of={shortened(found.data.name, 40)} /> : <code>{of}</code>;
}

const Hurts = ({ of, name }: { of: Hurt[]; name: string }) => (
  <Table
    label="What it costs"
    name={`impact-${name.replace(/[^\w.-]+/g, "-").slice(0, 60)}`}
    rows={of}
    columns={[
      {
        title: "Effect",
        cell: (row) => <span class="state"><Mark of={HOW[row.effect]} /> {row.effect}</span>,
        text: (row) => row.effect,
      },
      { title: "Project", cell: (row) => <Name of={row.project} />, text: (row) => row.project ?? "" },
      { title: "Type", cell: (row) => plain(row.type), text: (row) => row.type },
      {
        title: "Object",
        cell: (row) => <a href={to(["object", row._id])}><Name of={shortened(row.name || row.id, 60)} /></a>,
        text: (row) => row.name || row.id,
      },
      { title: "Host", cell: (row) => <Name of={row.host} />, text: (row) => row.host ?? "" },
      { title: "Why", cell: (row) => <Name of={row.reason} />, text: (row) => row.reason },
      {
        title: "Networks",
        cell: (row) => <Name of={[...row.lost, ...row.degraded].join(", ")} />,
        text: (row) => [...row.lost, ...row.degraded].join(", "),
      },
    ]}
  />
);

interface Single {
  _id: string;
  type: string;
  id: string;
  name: string;
  host?: string;
  instances: number;
  services: number;
  networks: string[];
  projects: string[];
}

/** Parts whose failure alone cuts users off from a network. */
export function Spof() {
  const query = place.value.query;
  const [env, type, least] = ["env", "type", "least"].map((name) => query.get(name) ?? "");
  const found = useLoad<Page<Single>>(`spof ${env} ${type} ${least}`, async () =>
    env ? get("/spof", { env_name: env, type, least, limit: 1000 }) : { items: [], next: null });
  useEffect(() => {
    document.title = "Single points of failure · Calipso";
  }, []);
  const rows = [...(found.data?.items ?? [])].sort((one, other) => other.instances - one.instances);
  return (
    <>
      <h1>Single points of failure</h1>
      <form
        class="line"
        key={`${env} ${type} ${least}`}
        onSubmit={(event) => {
          event.preventDefault();
          go(to(["spof"], filled(event.currentTarget)));
        }}
      >
        <EnvironmentChoice value={env!} all="choose one" />
        <Input label="Type" name="type" value={type} placeholder="switch, host_pnic" />
        <Input label="Costs at least so many" name="least" kind="number" value={least} placeholder="2" />
        <button type="submit">Show</button>
      </form>
      {found.error ? <Failure of={found.error} again={found.again} /> : null}
      {!env ? <Empty>Choose an environment.</Empty>
        : !found.data ? (found.error ? null : <Waiting />)
        : rows.length ? <Singles of={rows} env={env} />
        : <Empty>No part alone cuts two or more instances, routers or DHCP servers off, as far as cliques show. A scan makes them.</Empty>}
      {found.data ? <More of={found.data}>Choose a type.</More> : null}
    </>
  );
}

const Singles = ({ of, env }: { of: Single[]; env: string }) => (
  <Table
    label="Single points of failure"
    name={`spof-${env}`}
    rows={of}
    columns={[
      { title: "Type", cell: (row) => <a href={here({ type: row.type })}>{plain(row.type)}</a>, text: (row) => row.type },
      {
        title: "Part",
        cell: (row) => (
          <a href={to(["object", row._id], { view: "impact" })}><Name of={shortened(row.name || row.id, 60)} /></a>
        ),
        text: (row) => row.name || row.id,
      },
      { title: "Host", cell: (row) => <Name of={row.host} />, text: (row) => row.host ?? "" },
      { title: "Instances", cell: (row) => row.instances, text: (row) => String(row.instances) },
      { title: "Routers, DHCP", cell: (row) => row.services, text: (row) => String(row.services) },
      { title: "Networks", cell: (row) => <Name of={row.networks.join(", ")} />, text: (row) => row.networks.join(", ") },
      { title: "Projects", cell: (row) => <Name of={row.projects.join(", ")} />, text: (row) => row.projects.join(", ") },
    ]}
  />
);
