// Small parts that every page uses: states, ages, copies, errors, tables.
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ApiError } from "../api.ts";
import { age, csv, health, plain, stateWord, type Health, type Thing } from "../words.ts";

export const SHAPES: Record<Health, string> = {
  good: "M6 1a5 5 0 1 1 0 10a5 5 0 1 1 0-10Z",
  degraded: "M6 1L11 11H1Z",
  bad: "M2 2L10 10M10 2L2 10",
  unknown: "M6 1.5a4.5 4.5 0 1 1 0 9a4.5 4.5 0 1 1 0-9Z",
};

/** The shape of a state; the word stands beside it, or is its title. */
export const Mark = ({ of }: { of: Health }) => (
  <svg class={`shape ${of}`} width="12" height="12" viewBox="0 0 12 12" role="img" aria-label={of}>
    <path class="mark" d={SHAPES[of]} />
  </svg>
);

/** A state as colour, shape and word. */
export function State({ of, word }: { of: Thing; word?: string }) {
  const how = health(of);
  const told = word ?? (stateWord(of) || "state not known");
  return (
    <span class={`state ${how}`}>
      <svg class="mark" width="12" height="12" viewBox="0 0 12 12" aria-hidden="true">
        <path d={SHAPES[how]} />
      </svg>
      <Name of={told} />
      {of.problems?.length ? (
        <span class="note">
          {of.problems.length} problem{of.problems.length > 1 ? "s" : ""}
        </span>
      ) : null}
      {of.stale_since ? <span class="note">stale</span> : null}
    </span>
  );
}

/** A name of a cloud: text, with its own direction of writing. */
export const Name = ({ of }: { of: unknown }) => <bdi>{plain(of)}</bdi>;

/** A sentence of the API: what stands between backticks is to be typed. */
export const Prose = ({ of }: { of?: string | null }) => (
  <bdi>
    {plain(of).split("`").map((part, at) => (at % 2 ? <code>{part}</code> : part))}
  </bdi>
);

/** How long ago; the local time and UTC when pointed at. */
export function Age({ of, words = "ago" }: { of?: string | null; words?: string }) {
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((old) => old + 1), 10_000);
    return () => clearInterval(timer);
  }, []);
  if (!of) return <span class="soft">not known</span>;
  return (
    <time dateTime={of} title={`${new Date(of).toLocaleString()} (${of} UTC)`}>
      {words ? `${age(of)} ${words}` : age(of)}
    </time>
  );
}

/** A value with a button that copies it. */
export function Copied({ of }: { of: string }) {
  const [done, setDone] = useState(false);
  const copy = async () => {
    await navigator.clipboard?.writeText(of);
    setDone(true);
    setTimeout(() => setDone(false), 1500);
  };
  return (
    <span class="copied">
      <code>
        <Name of={of} />
      </code>
      <button type="button" class="small" onClick={copy} aria-label={`Copy ${plain(of)}`}>
        {done ? "copied" : "copy"}
      </button>
    </span>
  );
}

/** An error with the API's hint. */
export function Failure({ of, again }: { of: ApiError; again?: () => void }) {
  return (
    <div class="failure" role="alert">
      <p>
        <strong>{of.message}</strong>
      </p>
      {of.details.length ? (
        <ul>
          {of.details.map((detail) => (
            <li>
              {detail.field ? <code>{plain(detail.field)}</code> : null} {plain(detail.message)}
            </li>
          ))}
        </ul>
      ) : null}
      {of.hint ? <p><Prose of={of.hint} /></p> : null}
      {again ? (
        <button type="button" onClick={again}>
          Try again
        </button>
      ) : null}
    </div>
  );
}

export const Waiting = () => <p class="soft" role="status">Loading…</p>;

/** A page of a list. */
export interface Page<Item> {
  items: Item[];
  next: string | null;
}

/** That a list is cut, and what to do about it. */
export function More({ of, children }: { of: Page<unknown>; children?: ComponentChildren }) {
  if (!of.next) return null;
  return <p class="note">Only the first {of.items.length} are shown; there are more. {children}</p>;
}

/** Nothing is here, and what to do next. */
export const Empty = ({ children }: { children: ComponentChildren }) => (
  <p class="empty">{children}</p>
);

export interface Column<Row> {
  title: string;
  cell: (row: Row) => ComponentChildren;
  text: (row: Row) => string;
}

/**
 * Rows of one kind: sorted by a click on a heading, and had as CSV. In a narrow window each row is
 * a list of its cells; the roles say that it is a table all the same.
 */
export function Table<Row>(given: {
  label: string;
  rows: Row[];
  columns: Column<Row>[];
  name?: string;
}): JSX.Element {
  const [by, setBy] = useState<[number, 1 | -1] | null>(null);
  const rows = by
    ? [...given.rows].sort((one, other) => {
        const text = given.columns[by[0]]!.text;
        return text(one).localeCompare(text(other), undefined, { numeric: true }) * by[1];
      })
    : given.rows;
  const head = given.columns.map((column) => column.title);
  const cells = () => rows.map((row) => given.columns.map((column) => column.text(row)));
  return (
    <div class="table" role="region" aria-label={given.label} tabIndex={0}>
      <table role="table">
        <caption class="unseen">{given.label}</caption>
        <thead role="rowgroup">
          <tr role="row">
            {given.columns.map((column, at) => {
              const way = by?.[0] === at ? by[1] : 0;
              return (
                <th
                  scope="col"
                  role="columnheader"
                  aria-sort={way ? (way > 0 ? "ascending" : "descending") : undefined}
                >
                  <button type="button" onClick={() => setBy([at, way === 1 ? -1 : 1])}>
                    {column.title}
                    <span aria-hidden="true">{way ? (way > 0 ? " ↑" : " ↓") : ""}</span>
                  </button>
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map((row) => (
            <tr role="row">
              {given.columns.map((column) => (
                <td role="cell" data-title={column.title}>{column.cell(row)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {given.name ? (
        <button
          type="button"
          class="small"
          onClick={() => save(`${given.name}.csv`, "text/csv", csv(head, cells()))}
        >
          Save as CSV
        </button>
      ) : null}
    </div>
  );
}

/** Give the browser a file. */
export function save(name: string, kind: string, content: string | Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type: kind }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
