// A graph drawn where the server placed it: pan, zoom, keyboard, and a table of the same rows.
import { useEffect, useRef, useState } from "preact/hooks";
import { go, to } from "../route.ts";
import { counted, plain, shortened, stateWord, type Health } from "../words.ts";
import { Name, SHAPES, State, Table } from "./basics.tsx";

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
        <a href={picture} download="graph.svg">
          Save as SVG
        </a>
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
                class={`node ${node.health}${node.focal_point ? " focal" : ""}`}
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
