// Which cloud is it, and how is each? One row each, the worst first.
import { address, call, edits, get, isAdmin, session } from "../api.ts";
import { ofEnvironment, ofScans } from "../live.ts";
import { useLoad } from "../load.ts";
import { Age, Empty, Failure, Name, State, Table, Waiting } from "../parts/basics.tsx";
import { Sent, useSend } from "../parts/form.tsx";
import { Healths, type Counts } from "../parts/health.tsx";
import { go, to } from "../route.ts";
import { counted, plain } from "../words.ts";

export interface LastScan {
  id: string;
  status: string;
  submitted?: string;
  ended?: string;
  error_count: number;
  warning_count: number;
  stale: number;
  hosts: number;
  not_reached: string[];
  failed: number;
}
export interface Line {
  environment: string;
  objects: number;
  healths: Counts;
  last_scan?: LastScan | null;
  running_scan: string;
}

/** May this person add environments? */
export const mayAdd = () => isAdmin() || (session.value?.grants["*"] === "edit" && edits(""));

/** Start a scan and go to it. */
export async function startScan(environment: string, more: object = {}): Promise<void> {
  const made = await call<{ id: string }>("POST", address("/scans"), { environment, ...more });
  go(to(["scans", made.id]));
}

/** What the last scan could not read, in words. */
export function readWords(scan: LastScan): string {
  const lost = scan.not_reached.length;
  if (lost) return `${lost} of ${scan.hosts} hosts not reached`;
  return scan.failed ? `${counted(scan.failed, "request")} failed` : "all read";
}

export function Environments() {
  const found = useLoad<{ items: Line[] }>("overview", () => get("/overview"), {
    every: 30_000,
    on: (heard) => ofEnvironment()(heard) || ofScans(heard),
  });
  const sending = useSend();
  if (!found.data) return found.error ? <Failure of={found.error} again={found.again} /> : <Waiting />;
  const rows = found.data.items;
  const add = mayAdd() ? (
    <a class="button" href={to(["admin", "environments", "new"])}>Add an environment</a>
  ) : null;
  return (
    <>
      <h1>Environments</h1>
      <Sent of={sending} />
      {rows.length === 0 ? <First add={add} /> : (
        <>
          <p class="line">{add}</p>
          <Table
            label="Environments"
            name="environments"
            rows={rows}
            columns={[
              {
                title: "Name",
                cell: (row) => (
                  <a href={to(["environment", row.environment])}><Name of={row.environment} /></a>
                ),
                text: (row) => row.environment,
              },
              {
                title: "Objects",
                cell: (row) => <Healths of={row.healths} />,
                text: (row) =>
                  `${row.healths.bad} bad, ${row.healths.degraded} degraded of ${row.objects}`,
              },
              {
                title: "Last scan",
                cell: (row) => <Scanned of={row} />,
                text: (row) => row.last_scan?.ended ?? "",
              },
              {
                title: "Read",
                cell: (row) => row.last_scan ? (
                  <State
                    of={{ state: row.last_scan.not_reached.length || row.last_scan.failed ? "degraded" : "ok" }}
                    word={readWords(row.last_scan)}
                  />
                ) : null,
                text: (row) => (row.last_scan ? readWords(row.last_scan) : ""),
              },
              {
                title: "Look",
                cell: (row) => (
                  <span class="line">
                    <a href={to(["tree", row.environment])}>tree</a>
                    <a href={to(["changes"], { env: row.environment })}>changes</a>
                    {edits(row.environment) ? (
                      <button type="button" class="small" disabled={sending.busy}
                        onClick={() => sending.send(() => startScan(row.environment))}>
                        Scan now
                      </button>
                    ) : null}
                  </span>
                ),
                text: () => "",
              },
            ]}
          />
        </>
      )}
    </>
  );
}

function Scanned({ of }: { of: Line }) {
  if (of.running_scan) return <a href={to(["scans", of.running_scan])}>running now</a>;
  if (!of.last_scan) return <State of={{}} word="never" />;
  return <a href={to(["scans", of.last_scan.id])}><Age of={of.last_scan.ended} /></a>;
}

/** Nothing is there yet: what to do first. */
function First({ add }: { add: preact.ComponentChildren }) {
  return (
    <div class="first">
      <Empty>There is no environment that you may view.</Empty>
      {add ? (
        <>
          <p>An environment is one cloud: where its API, its database and its hosts are.</p>
          <p>{add}</p>
          <p class="soft">
            Without a cloud at hand: <code>make demo</code> in a checkout of {plain("Calipso")} starts
            a sample cloud on this machine, adds it as environment <code>demo</code> and scans it.
          </p>
        </>
      ) : (
        <p>Ask an admin to give you <code>view</code> or <code>edit</code> on an environment.</p>
      )}
    </div>
  );
}
