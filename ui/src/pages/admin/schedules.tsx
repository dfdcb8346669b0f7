// When is which cloud scanned, and when next?
import { useState } from "preact/hooks";
import { address, call, edits, get } from "../../api.ts";
import { useLoad } from "../../load.ts";
import { Empty, Failure, More, Name, State, Table, Waiting, type Page } from "../../parts/basics.tsx";
import { filled, Input, Select, Sent, useSend } from "../../parts/form.tsx";
import { place, to } from "../../route.ts";
import { plain } from "../../words.ts";

interface Schedule {
  id: string;
  name: string;
  environment: string;
  when: string;
  state: string;
  next_slots: string[];
  last_scan?: { id: string; status: string } | null;
  problem: string;
}
const DAYS = [
  ["MO", "Monday"], ["TU", "Tuesday"], ["WE", "Wednesday"], ["TH", "Thursday"],
  ["FR", "Friday"], ["SA", "Saturday"], ["SU", "Sunday"],
] as const;
const local = (moment: string) => new Date(moment).toLocaleString();

export function Schedules() {
  const env = place.value.query.get("env") ?? "";
  const found = useLoad<Page<Schedule>>(
    `schedules ${env}`,
    () => get("/scheduled_scans", { env_name: env, limit: 500 }),
    { every: 60_000 },
  );
  const sending = useSend();
  const act = (done: string, method: string, row: Schedule, body?: object) =>
    sending.send(async () => {
      await call(method, address(`/scheduled_scans/${row.id}`), body);
      found.again();
    }, done);
  return (
    <>
      <h1>Schedules</h1>
      {env ? <p>Of <Name of={env} />. <a href={to(["admin", "schedules"])}>Show all.</a></p> : null}
      {found.error ? <Failure of={found.error} again={found.again} /> : null}
      <Sent of={sending} />
      {!found.data ? (found.error ? null : <Waiting />) : found.data.items.length ? (
        <Table
          label="Schedules"
          name="schedules"
          rows={found.data.items}
          columns={[
            { title: "Name", cell: (row) => <Name of={row.name || row.id} />, text: (row) => row.name },
            {
              title: "Environment",
              cell: (row) => <a href={to(["environment", row.environment])}><Name of={row.environment} /></a>,
              text: (row) => row.environment,
            },
            { title: "When", cell: (row) => plain(row.when), text: (row) => row.when },
            {
              title: "State",
              cell: (row) => (
                <>
                  <State of={{ state: row.state === "on" ? "ok" : "disabled" }} word={row.state} />
                  {row.problem ? <p class="note"><Name of={row.problem} /></p> : null}
                </>
              ),
              text: (row) => row.state,
            },
            {
              title: "Next five times",
              cell: (row) => row.next_slots.length ? (
                <ol class="slots">
                  {row.next_slots.slice(0, 5).map((slot) => (
                    <li><time dateTime={slot} title={`${slot} UTC`}>{local(slot)}</time></li>
                  ))}
                </ol>
              ) : <span class="soft">none</span>,
              text: (row) => row.next_slots.join(" "),
            },
            {
              title: "Change",
              cell: (row) => edits(row.environment) ? (
                <span class="line">
                  <button type="button" class="small" disabled={sending.busy}
                    onClick={() => act("Changed.", "PATCH", row, { enabled: row.state !== "on" })}>
                    {row.state === "on" ? "Switch off" : "Switch on"}
                  </button>
                  <button type="button" class="small" disabled={sending.busy}
                    onClick={() => act("Deleted.", "DELETE", row)}
                    aria-label={`Delete ${plain(row.name)}`}>
                    Delete
                  </button>
                </span>
              ) : null,
              text: () => "",
            },
          ]}
        />
      ) : <Empty>No schedule. Without one, somebody has to start each scan.</Empty>}
      {found.data ? <More of={found.data} /> : null}
      <NewSchedule env={env} made={found.again} />
    </>
  );
}

function NewSchedule({ env, made }: { env: string; made: () => void }) {
  const environments = useLoad<Page<{ name: string }>>("names", () =>
    get("/environment_configs", { fields: "name", limit: 500 }));
  const [freq, setFreq] = useState("DAILY");
  const sending = useSend();
  const names = (environments.data?.items ?? []).map(({ name }) => name).filter(edits);
  if (!names.length) return null;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  const add = (event: SubmitEvent) => {
    event.preventDefault();
    const { interval, weekday, day, minute, ...given } = filled(event.currentTarget);
    sending.send(async () => {
      const schedule = await call<Schedule>("POST", address("/scheduled_scans"), {
        ...given,
        interval: Number(interval ?? 1),
        ...(weekday ? { weekdays: [weekday] } : {}),
        ...(day ? { day: Number(day) } : {}),
        ...(minute ? { minute: Number(minute) } : {}),
      });
      made();
      return schedule;
    }, "Added.");
  };
  return (
    <>
      <h2>Add a schedule</h2>
      <form class="narrow" onSubmit={add}>
        <Select label="Environment" name="environment" value={env || names[0]} choices={names} />
        <Input label="Name" name="name" hint="For example prod-nightly." />
        <Select label="How often" name="freq" value={freq} onInput={setFreq}
          choices={[["HOURLY", "hourly"], ["DAILY", "daily"], ["WEEKLY", "weekly"], ["MONTHLY", "monthly"]]} />
        <Input label="Every n-th time" name="interval" kind="number" value="1" />
        {freq === "WEEKLY" ? <Select label="Day" name="weekday" value="MO" choices={DAYS.map(([a, b]): [string, string] => [a, b])} /> : null}
        {freq === "MONTHLY" ? <Input label="Day of the month" name="day" kind="number" value="1" /> : null}
        {freq === "HOURLY" ? <Input label="Minute" name="minute" kind="number" value="0" /> : (
          <Input label="Time" name="time" kind="time" value="03:00" required />
        )}
        <Input label="Time zone" name="time_zone" value={zone} required />
        <button type="submit" class="main" disabled={sending.busy}>Add the schedule</button>
        <Sent of={sending} />
      </form>
    </>
  );
}
