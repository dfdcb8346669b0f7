// Why has an instance no network? The checks an expert makes, in order, with the first cause.
import { get } from "../api.ts";
import { ofEnvironment } from "../live.ts";
import { useLoad } from "../load.ts";
import { HEALTH, Said, type AnswerData, type Verdict } from "../parts/answer.tsx";
import { Failure, Mark, Name, Prose, Table, Waiting } from "../parts/basics.tsx";
import { filled, Input } from "../parts/form.tsx";
import { go, here, place, to } from "../route.ts";
import { plain } from "../words.ts";
import type { Thing } from "./object.tsx";

interface Made {
  check: string;
  verdict: Verdict;
  code: string;
  message: string;
  hint?: string;
}
interface WhyData extends AnswerData {
  findings: Made[];
}

export function Why({ thing }: { thing: Thing }) {
  const from = place.value.query.get("from") ?? "";
  const found = useLoad<WhyData>(
    `why ${thing.environment} ${thing.id} ${from}`,
    () => get("/why", { env_name: thing.environment, instance: thing.id, from }),
    { every: 60_000, on: ofEnvironment(thing.environment) },
  );
  return (
    <>
      <form
        class="line"
        key={from}
        onSubmit={(event) => {
          event.preventDefault();
          go(here({ from: filled(event.currentTarget).from ?? "" }));
        }}
      >
        <Input label="It is not reached from" name="from" value={from} placeholder="web-2, 10.0.0.5, internet" />
        <button type="submit">Check</button>
        {from ? <a href={to(["path"], { env: thing.environment, from, to: thing.id })}>Hop by hop</a> : null}
        <a href={to(["path"], { env: thing.environment, from: thing.id, to: "internet" })}>Path to the internet</a>
      </form>
      {found.error ? <Failure of={found.error} again={found.again} /> : null}
      {!found.data ? (found.error ? null : <Waiting />) : (
        <>
          <Said of={found.data} />
          <Table
            label="Checks"
            name="why"
            rows={found.data.findings}
            columns={[
              { title: "Check", cell: (row) => plain(row.check), text: (row) => row.check },
              {
                title: "Verdict",
                cell: (row) => <span class="state"><Mark of={HEALTH[row.verdict]} /> {row.verdict}</span>,
                text: (row) => row.verdict,
              },
              {
                title: "What was found",
                cell: (row) => (
                  <div>
                    <Prose of={row.message} />
                    {row.hint ? <p class="soft">What helps: <Prose of={row.hint} /></p> : null}
                  </div>
                ),
                text: (row) => row.message,
              },
              { title: "Code", cell: (row) => <Name of={row.code} />, text: (row) => row.code },
            ]}
          />
        </>
      )}
    </>
  );
}
