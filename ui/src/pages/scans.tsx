// Is it running, and what could not be read? Live while it runs.
import { useEffect, useState } from "preact/hooks";
import { address, ApiError, call, edits, get } from "../api.ts";
import { listen, live, ofScans } from "../live.ts";
import { useLoad } from "../load.ts";
import { Age, Empty, Failure, More, Name, Prose, State, Table, Waiting, type Page } from "../parts/basics.tsx";
import { Sent, useSend } from "../parts/form.tsx";
import { place, to } from "../route.ts";
import { plain, type Thing } from "../words.ts";
import { startScan } from "./environments.tsx";

interface Problem {
  message: string;
  hint?: string;
  host?: string;
}
interface Progress {
  id: string;
  environment: string;
  status: string;
  stage: string;
  levels: { level: number; title: string; tasks: number; done: number }[];
  counts: Record<string, number>;
  errors: Problem[];
  warnings: Problem[];
  error_count: number;
  warning_count: number;
  seconds: number;
  /** By the times of the last whole scan of this environment; null: not known. */
  seconds_left: number | null;
  submitted: string;
  ended?: string;
}
interface Scan {
  id: string;
  environment: string;
  status: string;
  error_count: number;
  warning_count: number;
  submit_timestamp: string;
}
interface Covered {
  host: string;
  source: string;
  reached: boolean | null;
  read: number;
  failed: number;
  objects: number;
  problems: Problem[];
}

const running = (status: string) => status === "pending" || status === "running";
const how = (status: string, errors: number): Thing => {
  if (running(status)) return {};
  if (!status.startsWith("completed")) return { state: "failed" };
  return { state: status === "completed" && !errors ? "ok" : "degraded" };
};

export function Scans() {
  const env = place.value.query.get("env") ?? "";
  const found = useLoad<Page<Scan>>(
    `scans ${env}`,
    () => get("/scans", { env_name: env, limit: 100 }),
    { every: 10_000, on: ofScans },
  );
  if (!found.data) return found.error ? <Failure of={found.error} again={found.again} /> : <Waiting />;
  return (
    <>
      <h1>Scans</h1>
      {found.data.items.length === 0 ? (
        <Empty>No scan yet. <a href={to(["environments"])}>Environments</a> has “Scan now”.</Empty>
      ) : (
        <Table
          label="Scans"
          name="scans"
          rows={found.data.items}
          columns={[
            {
              title: "Submitted",
              cell: (row) => <a href={to(["scans", row.id])}><Age of={row.submit_timestamp} /></a>,
              text: (row) => row.submit_timestamp,
            },
            { title: "Environment", cell: (row) => <Name of={row.environment} />, text: (row) => row.environment },
            {
              title: "State",
              cell: (row) => <State of={how(row.status, row.error_count)} word={row.status} />,
              text: (row) => row.status,
            },
            { title: "Errors", cell: (row) => row.error_count, text: (row) => String(row.error_count) },
            { title: "Warnings", cell: (row) => row.warning_count, text: (row) => String(row.warning_count) },
          ]}
        />
      )}
      <More of={found.data}>
        <code>calipso scan list --limit 0</code> lists all.
      </More>
    </>
  );
}

export function ScanPage({ id }: { id: string }) {
  const { progress, error } = useProgress(id);
  const [failure, setFailure] = useState<ApiError | null>(null);
  if (!progress) return error ? <Failure of={error} /> : <Waiting />;
  const cancel = () =>
    call("POST", address(`/scans/${id}/cancel`)).catch((found) => setFailure(found));
  return (
    <>
      <h1>
        Scan of <Name of={progress.environment} />
      </h1>
      <p class="line" role="status">
        <State of={how(progress.status, progress.error_count)} word={progress.status} />
        <span>{progress.stage}</span>
        <span>{Math.round(progress.seconds)} s</span>
        {running(progress.status) ? <Left of={progress.seconds_left} /> : null}
        <span>submitted <Age of={progress.submitted} /></span>
        {running(progress.status) ? <span class="soft">{live.value ? "live" : "asked every 3 s"}</span> : null}
        {running(progress.status) && edits(progress.environment) ? (
          <button type="button" onClick={cancel}>Cancel</button>
        ) : null}
      </p>
      {failure ? <Failure of={failure} /> : null}
      <ol class="levels">
        {progress.levels.map((level) => (
          <li>
            <label>
              <span>{plain(level.title)}</span>
              <progress max={level.tasks || 1} value={level.done} />
              <span class="soft">{level.done} of {level.tasks}</span>
            </label>
          </li>
        ))}
      </ol>
      <Told title="Errors" of={progress.errors} count={progress.error_count} />
      <Told title="Warnings" of={progress.warnings} count={progress.warning_count} />
      <p class="soft">
        {Object.entries(progress.counts).map(([name, count]) => `${count} ${name}`).join(", ")}
      </p>
      <Coverage id={id} turn={progress.status} env={progress.environment} />
    </>
  );
}

/** How long it still takes, by the times of the last whole scan. */
const Left = ({ of }: { of: number | null }) => (
  <span title="By the times of the last whole scan of this environment">
    {of === null ? "time left: unknown" : `about ${Math.max(1, Math.round(of))} s left`}
  </span>
);

/** Progress as the stream says it; asked every three seconds while there is no stream. */
function useProgress(id: string) {
  const [progress, setProgress] = useState<Progress | null>(null);
  const found = useLoad<Progress>(`progress ${id}`, () => get(`/scans/${id}/progress`), {
    every: progress && !running(progress.status) ? 0 : 3000,
    on: (heard) => heard.kind === "hello",
  });
  useEffect(() => {
    if (found.data) setProgress(found.data);
  }, [found.data]);
  useEffect(
    () =>
      listen((heard) => {
        if (heard.kind === "scan" && heard.data?.id === id)
          setProgress(heard.data as unknown as Progress);
      }),
    [id],
  );
  return { progress, error: found.error };
}

function Told({ title, of, count }: { title: string; of: Problem[]; count: number }) {
  if (!count) return null;
  return (
    <section class="problems">
      <h2>{title}: {count}</h2>
      <ul>
        {of.map((problem) => (
          <li>
            <strong><Prose of={problem.message} /></strong> <Prose of={problem.hint} />{" "}
            <span class="soft"><Name of={problem.host} /></span>
          </li>
        ))}
      </ul>
      <More of={{ items: of, next: of.length < count ? "more" : null }} />
    </section>
  );
}

function Coverage({ id, turn, env }: { id: string; turn: string; env: string }) {
  const found = useLoad<Page<Covered>>(`coverage ${id} ${turn}`, () =>
    get(`/scans/${id}/coverage`, { limit: 500 }));
  const sending = useSend();
  if (!found.data?.items.length) return null;
  /** One host alone: after a repair, nobody waits for the whole cloud. */
  const again = (host: string) => startScan(env, { object_id: host, object_type: "host" });
  const state = (row: Covered): Thing => ({
    state: row.reached === false ? "down" : row.failed ? "degraded" : "ok",
  });
  const word = (row: Covered) =>
    row.reached === false ? "not reached" : row.failed ? `${row.failed} failed` : "all read";
  return (
    <section>
      <h2>What it read</h2>
      <Sent of={sending} />
      <Table
        label="Coverage"
        name="coverage"
        rows={found.data.items}
        columns={[
          { title: "Host", cell: (row) => <Name of={row.host || "(the cloud)"} />, text: (row) => row.host },
          { title: "Source", cell: (row) => row.source, text: (row) => row.source },
          { title: "State", cell: (row) => <State of={state(row)} word={word(row)} />, text: word },
          {
            title: "Again",
            cell: (row) => row.host && edits(env) ? (
              <button type="button" class="small" disabled={sending.busy} onClick={() => sending.send(() => again(row.host))}
                aria-label={`Scan again: ${plain(row.host)}`}>
                Scan again
              </button>
            ) : null,
            text: () => "",
          },
          { title: "Objects", cell: (row) => row.objects, text: (row) => String(row.objects) },
          {
            title: "Problems",
            cell: (row) => row.problems.map((one) => <div><Prose of={one.message} /> <Prose of={one.hint} /></div>),
            text: (row) => row.problems.map((one) => one.message).join("; "),
          },
        ]}
      />
      <More of={found.data}>
        <code>calipso scan show {plain(id)} --coverage</code> shows all.
      </More>
    </section>
  );
}
