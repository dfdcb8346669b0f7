// The nodes of a drawing: of a large one those that are in view, and others as it is moved.
import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { go, to } from "../route.ts";
import { counted, plain, shortened, stateWord } from "../words.ts";
import { SHAPES } from "./basics.tsx";
import type { GraphData, NodeData } from "./graph.tsx";

export const nameOf = (node: NodeData) => node.object_name || node.name;
/** What a node is, in one line: its type and state, or what a group holds. */
const kindOf = (node: NodeData) =>
  node.members === undefined
    ? [node.type, stateWord(node)].filter(Boolean).join(" · ")
    : counted(node.members, "object");
export const groupWords = (node: NodeData) =>
  [
    ...Object.entries(node.types ?? {}).map(([type, number]) => `${number} ${type}`),
    ...Object.entries(node.healths ?? {}).filter(([, number]) => number).map(([how, number]) => `${number} ${how}`),
  ].join(", ");
/** A node is found when one of its words has this text in it. */
const fits = (node: NodeData, words: string) =>
  [nameOf(node), node.type, node.host, stateWord(node), node.health]
    .some((word) => word?.toLowerCase().includes(words.toLowerCase()));

/** Up to so many nodes all are drawn, so that the browser's own search finds each. */
const ALL = 300;
/** The view is known in steps of so many units, so that few moves draw anew. */
const STEP = 400;

interface View {
  left: number;
  top: number;
  right: number;
  bottom: number;
}
interface Drawn {
  of: GraphData;
  frame: RefObject<HTMLDivElement | null>;
  zoom: number;
  find: string;
  open?: (group: string) => void;
}

/** The part of the drawing that is in view, with a step around it, in units of the drawing. */
function seen(frame: HTMLDivElement | null, zoom: number): View {
  const left = (frame?.scrollLeft ?? 0) / zoom;
  const top = (frame?.scrollTop ?? 0) / zoom;
  const right = left + (frame?.clientWidth || innerWidth) / zoom;
  const bottom = top + (frame?.clientHeight || innerHeight) / zoom;
  const lower = (value: number) => Math.floor(value / STEP - 1) * STEP;
  const upper = (value: number) => Math.ceil(value / STEP + 1) * STEP;
  return { left: lower(left), top: lower(top), right: upper(right), bottom: upper(bottom) };
}

function useView(frame: RefObject<HTMLDivElement | null>, zoom: number, width: number): View {
  const [view, setView] = useState(() => seen(null, 1));
  const look = () => {
    const next = seen(frame.current, zoom);
    setView((old) => (JSON.stringify(old) === JSON.stringify(next) ? old : next));
  };
  useLayoutEffect(look, [zoom, width]);
  useEffect(() => {
    const box = frame.current!;
    box.addEventListener("scroll", look, { passive: true });
    addEventListener("resize", look);
    return () => {
      box.removeEventListener("scroll", look);
      removeEventListener("resize", look);
    };
  }, [zoom]);
  return view;
}

export function Nodes({ of, frame, zoom, find, open: spread }: Drawn) {
  const view = useView(frame, zoom, of.layout.width);
  const [at, setAt] = useState("");
  const wanted = useRef("");
  const nodes = new Map(of.nodes.map((node) => [node.data.key, node.data]));
  const { w, h } = of.layout.node;
  const inView = ({ x, y }: Spot) => x + w > view.left && x < view.right && y + h > view.top && y < view.bottom;
  const focal = of.nodes.find((node) => node.data.focal_point)?.data.key;
  const first = (nodes.has(at) && at) || focal || of.layout.nodes[0]?.key;
  const drawn = of.layout.nodes.length <= ALL
    ? of.layout.nodes
    : of.layout.nodes.filter((item) => item.key === first || inView(item));
  useLayoutEffect(() => {
    if (!wanted.current) return;
    frame.current?.querySelector<SVGElement>(`[data-key="${CSS.escape(wanted.current)}"]`)?.focus();
    wanted.current = "";
  }, [at]);

  /** A node that is not drawn yet is drawn first: where the keyboard is, there is a node. */
  const step = (event: KeyboardEvent, key: string) => {
    const places = new Map(of.layout.nodes.map((item) => [item.key, item]));
    const next = nearest(event.key, places.get(key)!, of, places);
    if (!next) return;
    event.preventDefault();
    wanted.current = next;
    setAt(next);
  };
  return (
    <>
      {drawn.map((item) => {
        const node = nodes.get(item.key)!;
        const kind = shortened(kindOf(node), 21);
        const open = () =>
          node.members === undefined ? go(to(["object", node.key])) : spread?.(node.name);
        return (
          <g
            key={node.key}
            class={`node ${node.health}${node.focal_point ? " focal" : ""}${find && !fits(node, find) ? " dim" : ""}`}
            transform={`translate(${item.x} ${item.y})`}
            data-key={node.key}
            role="link"
            tabindex={node.key === first ? 0 : -1} // SVG knows no other spelling
            onClick={open}
            onFocus={() => setAt(node.key)}
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
            <rect width={w} height={h} rx="6" />
            <path class="mark" transform="translate(9 16)" d={SHAPES[node.health]} />
            <text class="kind" x="28" y="17">
              {kind}
            </text>
            <text class="name" x="28" y="35">
              {shortened(nameOf(node), 17)}
            </text>
          </g>
        );
      })}
    </>
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
