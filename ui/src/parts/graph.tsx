// A graph drawn where the server placed it: pan, zoom, keyboard, and a table of the same rows.
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { go, here, place, to } from "../route.ts";
import { counted, plain, shortened, stateWord, type Health } from "../words.ts";
import { Mark, Name, save, SHAPES, State, Table } from "./basics.tsx";
import { groupWords, nameOf, Nodes } from "./nodes.tsx";

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

/** Smaller than this, text cannot be read; the drawing then scrolls. */
const LEGIBLE = 0.8;
const KEEP = 0.35;

interface Shown {
  of: GraphData;
  label: string;
  /** Shows the objects of a group. */
  open?: (group: string) => void;
}

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
  const { width, height } = of.layout;
  const fit = () => {
    const room = frame.current?.clientWidth ?? width;
    setZoom(Math.min(1, Math.max(LEGIBLE, room / width)));
  };
  useLayoutEffect(fit, [of.layout.width]);
  const find = place.value.query.get("find") ?? "";
  const as = (format: string) => picture.replace("format=svg", `format=${format}`);
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
          {useMemo(() => <Ground of={of} />, [of])}
          <Nodes of={of} frame={frame} zoom={zoom} find={find} open={spread} />
        </svg>
      </div>
      <p class="line soft" aria-label="Legend">
        {(Object.keys(SHAPES) as Health[]).map((how) => <span><Mark of={how} /> {how}</span>)}
        <span>dashed: the link is down, or its state is not known</span>
        <span class="size">{counted(of.layout.nodes.length, "object")}, {counted(of.layout.edges.length, "link")}</span>
      </p>
      <Cut of={of} />
    </figure>
  );
}

/** What lies under the nodes: the boxes of hosts and the links. */
const Ground = ({ of }: { of: GraphData }) => (
  <>
    {of.layout.groups.map((box) => (
      <g class="box">
        <rect x={box.x} y={box.y} width={box.w} height={box.h} rx="8" />
        <text x={box.x + 12} y={box.y + 24}>
          {shortened(box.key, 60)}
        </text>
      </g>
    ))}
    <Edges of={of} />
  </>
);

/** More edges than this are drawn as one line for each health: a browser draws that much faster. */
const APART = 800;

function Edges({ of }: { of: GraphData }) {
  const edges = new Map(of.edges.map((edge) => [edge.data.key, edge.data]));
  const how = (data: EdgeData) => (data.link_type === "contains" ? "good" : data.health);
  if (of.layout.edges.length > APART) {
    const kinds = Map.groupBy(of.layout.edges, (edge) => how(edges.get(edge.key)!));
    return (
      <>
        {[...kinds].map(([kind, all]) => (
          <path class={`edge ${kind}`} d={all.map((edge) => `M${edge.points.join("L")}`).join("")} />
        ))}
      </>
    );
  }
  return (
    <>
      {of.layout.edges.map((edge) => {
        const data = edges.get(edge.key)!;
        const kind = data.count ? counted(data.count, "link") : data.link_type;
        return (
          <polyline class={`edge ${how(data)}`} points={edge.points.join(" ")}>
            <title>
              {plain([kind, data.state, data.link_name, data.reason].filter(Boolean).join(", "))}
            </title>
          </polyline>
        );
      })}
    </>
  );
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
