// Who changed what, and when? Refused attempts are here too.
import { get } from "../../api.ts";
import { useLoad } from "../../load.ts";
import { Age, Empty, Failure, Name, State, Table, Waiting, type Page } from "../../parts/basics.tsx";
import { filled, Input, Select } from "../../parts/form.tsx";
import { go, place, to } from "../../route.ts";
import { plain } from "../../words.ts";

interface Entry {
  time: string;
  user: string;
  operation: string;
  target: string;
  environment: string;
  fields: string[];
  status: number;
  source: string;
  address: string;
}

export function Audit() {
  const query = place.value.query;
  const [user, env, hours, marker] = ["user", "env", "hours", "marker"].map((one) => query.get(one) ?? "");
  const found = useLoad<Page<Entry>>(`audit ${user} ${env} ${hours} ${marker}`, () =>
    get("/audit", {
      user, env_name: env, marker, limit: 200,
      start_time: hours ? new Date(Date.now() - Number(hours) * 3_600_000).toISOString() : "",
    }));
  const at = (more: Record<string, string | undefined>) =>
    to(["admin", "audit"], { user, env, hours, ...more });
  return (
    <>
      <h1>Audit</h1>
      <form
        class="line"
        key={`${user} ${env} ${hours}`}
        onSubmit={(event) => {
          event.preventDefault();
          const { user, env, hours } = filled(event.currentTarget);
          go(to(["admin", "audit"], { user, env, hours }));
        }}
      >
        <Input label="User" name="user" value={user} />
        <Input label="Environment" name="env" value={env} />
        <Select label="Of the last" name="hours" value={hours}
          choices={[["", "as far as it goes"], ["1", "hour"], ["24", "24 h"], ["168", "7 days"]]} />
        <button type="submit">Show</button>
      </form>
      {found.error ? <Failure of={found.error} again={found.again} /> : null}
      {!found.data ? (found.error ? null : <Waiting />) : found.data.items.length ? (
        <Table
          label="Audit"
          name="audit"
          rows={found.data.items}
          columns={[
            { title: "When", cell: (row) => <Age of={row.time} />, text: (row) => row.time },
            { title: "User", cell: (row) => <Name of={row.user} />, text: (row) => row.user },
            { title: "What", cell: (row) => plain(row.operation), text: (row) => row.operation },
            { title: "To", cell: (row) => <Name of={row.target} />, text: (row) => row.target },
            { title: "Environment", cell: (row) => <Name of={row.environment} />, text: (row) => row.environment },
            { title: "Fields", cell: (row) => <Name of={row.fields.join(", ")} />, text: (row) => row.fields.join(", ") },
            {
              title: "Answer",
              cell: (row) => <State of={{ state: row.status < 400 ? "ok" : "degraded" }} word={String(row.status)} />,
              text: (row) => String(row.status),
            },
            { title: "By", cell: (row) => plain([row.source, row.address].filter(Boolean).join(" ")), text: (row) => row.source },
          ]}
        />
      ) : <Empty>No entry. <a href={to(["admin", "audit"])}>Show all.</a></Empty>}
      <p class="line">
        {marker ? <a href={at({})}>Newest</a> : null}
        {found.data?.next ? <a href={at({ marker: found.data.next })}>Older</a> : null}
      </p>
    </>
  );
}
