// A graph drawn where the server placed it: pan, zoom, keyboard, and a table of the same rows.
import { useEffect, useRef, useState } from "preact/hooks";
import { go, here, place, to } from "../route.ts";
import { counted, plain, shortened, stateWord, type Health } from "../words.ts";
import { Mark, Name, save, SHAPES, State, Table } from "./basics.tsx";

export interface NodeData {
  key: string;
  type: string;
  name: string;
  object_name?: string;
  host?: string;
  state?: string;
  status?: string;
  focal_point: boolean;
  stale_since?: string;
  problems?: { message: string }[];
  monitoring?: { label?: string; text?: string };
  health: Health;
  /** Of a group: how many objects it stands for, of which types, and how they are. */
  members?: number;
  types?: Record<string, number>;
  healths?: Record<Health, number>;
}
export interface EdgeData {
  key: string;
  source: string;
  target: string;
  link_type: string;
  link_name?: string;
  state?: string;
  reason?: string;
  health: Health;
  /** Of links of groups: how many they are. */
  count?: number;
}
interface Placed {
  width: number;
  height: number;
  node: { w: number; h: number };
  nodes: { key: string; x: number; y: number }[];
  groups: { key: string; x: number; y: number; w: number; h: number }[];
  edges: { key: string; points: [number, number][] }[];
}
export interface GraphData {
  nodes: { data: NodeData }[];
  edges: { data: EdgeData }[];
  truncated: boolean;
  layout: Placed;
}

const nameOf = (node: NodeData) => node.object_name || node.name;
/** What a node is, in one line: its type and state, or what a group holds. */
const kindOf = (node: NodeData) =>
  node.members === undefined
    ? [node.type, stateWord(node)].filter(Boolean).join(" · ")
    : counted(node.members, "object");
const groupWords = (node: NodeData) =>
  [
    ...Object.entries(node.types ?? {}).map(([type, number]) => `${number} ${type}`),
    ...Object.entries(node.healths ?? {}).filter(([, number]) => number).map(([how, number]) => `${number} ${how}`),
  ].join(", ");
/** Smaller than this, text cannot be read; the drawing then scrolls. */
const LEGIBLE = 0.8;
const KEEP = 0.35;

interface Shown {
  of: GraphData;
  label: string;
  /** Shows the objects of a group. */
  open?: (group: string) => void;
}

/** A node is found when one of its words has this text in it. */
const fits = (node: NodeData, words: string) =>
  [nameOf(node), node.type, node.host, stateWord(node), node.health]
    .some((word) => word?.toLowerCase().includes(words.toLowerCase()));

/** The drawing as PNG: the browser draws the picture of the server. */
async function savePng(picture: string): Promise<void> {
  const drawn = new Image();
  drawn.src = picture;
  await drawn.decode();
  const canvas = document.createElement("canvas");
  canvas.width = drawn.naturalWidth * 2;
  canvas.height = drawn.naturalHeight * 2;
  canvas.getContext("2d")!.drawImage(drawn, 0, 0, canvas.width, canvas.height);
  canvas.toBlob((content) => content && save("graph.png", "image/png", content));
}

export function Graph({ of, label, picture, open: spread }: Shown & { picture: string }) {
  const frame = useRef<HTMLDivElement>(null);
  const [zoom, setZoom] = useState(1);
  const nodes = new Map(of.nodes.map((node) => [node.data.key, node.data]));
  const edges = new Map(of.edges.map((edge) => [edge.data.key, edge.data]));
  const { width, height } = of.layout;
  const fit = () => {
    const room = frame.current?.clientWidth ?? width;
    setZoom(Math.min(1, Math.max(LEGIBLE, room / width)));
  };
  useEffect(fit, [of.layout.width]);
  const find = place.value.query.get("find") ?? "";
  const as = (format: string) => picture.replace("format=svg", `format=${format}`);
  const at = new Map(of.layout.nodes.map((item) => [item.key, item]));

  const step = (event: KeyboardEvent, key: string) => {
    const here = at.get(key)!;
    const next = nearest(event.key, here, of, at);
    if (!next) return;
    event.preventDefault();
    frame.current?.querySelector<SVGElement>(`[data-key="${next}"]`)?.focus();
  };
  const focal = of.nodes.find((node) => node.data.focal_point)?.data.key;
  const first = focal ?? of.layout.nodes[0]?.key;
  return (
    <figure class="graph">
      <figcaption class="tools">
        <button type="button" onClick={() => setZoom((old) => Math.min(2, old * 1.25))}>
          Larger
        </button>
        <button type="button" onClick={() => setZoom((old) => Math.max(KEEP, old / 1.25))}>
          Smaller
        </button>
        <button type="button" onClick={fit}>
          Fit
        </button>
        <label class="find">
          Find{" "}
          <input type="search" value={find} placeholder="name, type, host, bad…"
            onInput={(event) => go(here({ find: event.currentTarget.value }), true)} />
        </label>
        <span class="line tight">
          Save as <a href={picture} download="graph.svg">SVG</a>
          <button type="button" class="small" onClick={() => savePng(picture)}>PNG</button>
          <a href={as("graphml")} download="graph.graphml">GraphML</a>
          <a href={as("dot")} download="graph.dot">DOT</a>
          <a href={as("json")} download="graph.json">JSON</a>
        </span>
        <span class="soft">Arrow keys walk along links, Enter opens.</span>
      </figcaption>
      <div class="drawing" ref={frame} tabIndex={0} role="group" aria-label={label}>
        <svg width={width * zoom} height={height * zoom} viewBox={`0 0 ${width} ${height}`}>
          {of.layout.groups.map((box) => (
            <g class="box">
              <rect x={box.x} y={box.y} width={box.w} height={box.h} rx="8" />
              <text x={box.x + 12} y={box.y + 24}>
                {shortened(box.key, 60)}
              </text>
            </g>
          ))}
          {of.layout.edges.map((edge) => {
            const data = edges.get(edge.key)!;
            const how = data.link_type === "contains" ? "good" : data.health;
            return (
              <polyline class={`edge ${how}`} points={edge.points.join(" ")}>
                <title>
                  {plain([data.count ? counted(data.count, "link") : data.link_type, data.state, data.link_name, data.reason]
                    .filter(Boolean).join(", "))}
                </title>
              </polyline>
            );
          })}
          {of.layout.nodes.map((item) => {
            const node = nodes.get(item.key)!;
            const kind = shortened(kindOf(node), 21);
            const name = shortened(nameOf(node), 17);
            const open = () =>
              node.members === undefined ? go(to(["object", node.key])) : spread?.(node.name);
            return (
              <g
                class={`node ${node.health}${node.focal_point ? " focal" : ""}${find && !fits(node, find) ? " dim" : ""}`}
                transform={`translate(${item.x} ${item.y})`}
                data-key={node.key}
                role="link"
                tabindex={node.key === first ? 0 : -1} // SVG knows no other spelling
                onClick={open}
                onKeyDown={(event: KeyboardEvent) =>
                  event.key === "Enter" ? open() : step(event, node.key)}
              >
                <title>
                  {plain(
                    [
                      `${kind} ${nameOf(node).slice(0, 200)}, ${node.health}`,
                      node.host ? `on ${node.host}` : "",
                      groupWords(node),
                      node.monitoring?.label ? `monitoring: ${node.monitoring.label} ${node.monitoring.text ?? ""}` : "",
                      ...(node.problems ?? []).map((problem) => problem.message),
                    ].filter(Boolean).join(", "),
                  )}
                </title>
                <rect width={of.layout.node.w} height={of.layout.node.h} rx="6" />
                <path class="mark" transform="translate(9 16)" d={SHAPES[node.health]} />
                <text class="kind" x="28" y="17">
                  {kind}
                </text>
                <text class="name" x="28" y="35">
                  {name}
                </text>
              </g>
            );
          })}
        </svg>
      </div>
      <p class="line soft" aria-label="Legend">
        {(Object.keys(SHAPES) as Health[]).map((how) => <span><Mark of={how} /> {how}</span>)}
        <span>dashed: the link is down, or its state is not known</span>
      </p>
      <Cut of={of} />
    </figure>
  );
}

type Spot = { key: string; x: number; y: number };

/** The node that an arrow key leads to: along links to the side, else the next above or below. */
function nearest(key: string, here: Spot, of: GraphData, at: Map<string, Spot>): string | null {
  const side = { ArrowRight: 1, ArrowLeft: -1 }[key];
  const level = { ArrowDown: 1, ArrowUp: -1 }[key];
  if (side === undefined && level === undefined) return null;
  const all = side === undefined
    ? of.layout.nodes.filter((item) => item.x === here.x && (item.y - here.y) * level! > 0)
    : of.edges
        .flatMap(({ data }) =>
          data.source === here.key ? [data.target] : data.target === here.key ? [data.source] : [])
        .map((found) => at.get(found)!)
        .filter((item) => (item.x - here.x) * side > 0);
  const far = (item: Spot) => Math.abs(item.x - here.x) + Math.abs(item.y - here.y);
  return all.sort((one, other) => far(one) - far(other))[0]?.key ?? null;
}

/** The same nodes as rows. */
export function GraphTable({ of, label, open }: Shown) {
  const order = new Map(of.layout.nodes.map((item, at) => [item.key, at]));
  const rows = of.nodes
    .map((node) => node.data)
    .sort((one, other) => order.get(one.key)! - order.get(other.key)!);
  return (
    <>
      <Table
        label={label}
        name="graph"
        rows={rows}
        columns={[
          { title: "Type", cell: (row) => row.type, text: (row) => row.type },
          {
            title: "Name",
            cell: (row) => (
              row.members === undefined ? (
                <a href={to(["object", row.key])}>
                  <Name of={shortened(nameOf(row), 80)} />
                </a>
              ) : (
                <button type="button" class="small" onClick={() => open?.(row.name)}>
                  Show <Name of={shortened(row.name, 80)} />: {groupWords(row)}
                </button>
              )
            ),
            text: nameOf,
          },
          { title: "Host", cell: (row) => <Name of={row.host} />, text: (row) => row.host ?? "" },
          {
            title: "State",
            cell: (row) => <State of={row} />,
            text: (row) => row.members === undefined ? `${stateWord(row)} ${row.health}` : groupWords(row),
          },
        ]}
      />
      <Cut of={of} />
    </>
  );
}

const Cut = ({ of }: { of: GraphData }) =>
  of.truncated ? <p class="note">There is more than is shown here; the nearest is.</p> : null;
