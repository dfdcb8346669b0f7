// Do the accounts work? The steps of a connection test, as the workers report them.
import { useEffect, useState } from "preact/hooks";
import { address, ApiError, call, get } from "../../api.ts";
import { Failure, Mark, Name, Prose, State } from "../../parts/basics.tsx";
import { plain } from "../../words.ts";

export interface Ask {
  environment: string;
  test_targets: string[];
  [more: string]: unknown;
}
interface Step {
  name: string;
  ok: boolean;
  seconds: number;
  message: string;
  hint: string;
}
interface Test {
  id: string;
  status: string;
  test_targets: string[];
  results?: Record<string, { ok: boolean; seconds: number; steps: Step[] }>;
  last_response_message?: string;
}

/** Milliseconds between two looks at a test that runs. */
const LOOK = 700;

export function Tests({ ask, all, one }: { ask: (targets: string[]) => Ask; all: string[]; one?: string }) {
  const [id, setId] = useState("");
  const [test, setTest] = useState<Test | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const begin = async (targets: string[]) => {
    setError(null);
    setTest(null);
    try {
      const made = await call<{ id: string }>("POST", address("/connection_tests"), ask(targets));
      setId(made.id);
    } catch (failure) {
      setError(failure instanceof ApiError ? failure : new ApiError(0, String(failure)));
    }
  };
  useEffect(() => {
    if (!id) return;
    let timer = 0;
    let current = true;
    const look = async () => {
      try {
        const found = await get<Test>(`/connection_tests/${id}`);
        if (!current) return;
        setTest(found);
        if (found.status === "request") timer = window.setTimeout(look, LOOK);
      } catch (failure) {
        if (!current) return;
        setError(failure as ApiError);
        if ((failure as ApiError).status === 0) timer = window.setTimeout(look, 3000);
      }
    };
    look();
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [id]);
  const running = test?.status === "request";
  return (
    <section class="panel" aria-label="Connection test">
      <h2>Connection test</h2>
      <p class="line">
        {one ? (
          <button type="button" disabled={running} onClick={() => begin([one])}>Test {one}</button>
        ) : null}
        <button type="button" disabled={running || !all.length} onClick={() => begin(all)}>
          Test all: {all.join(", ")}
        </button>
        <span class="soft">A worker logs in with these values, and changes nothing.</span>
      </p>
      {error ? <Failure of={error} /> : null}
      <div role="status">
        {test ? (
          <>
            {test.test_targets.map((target) => <Target name={target} of={test.results?.[target]} running={running} />)}
            {running ? <p class="soft">The test runs…</p> : <p>{plain(test.last_response_message)}</p>}
          </>
        ) : null}
      </div>
    </section>
  );
}

function Target({ name, of, running }: {
  name: string;
  of?: { ok: boolean; seconds: number; steps: Step[] };
  running: boolean;
}) {
  if (!of) return running ? <p class="soft">{name}: waits for a worker</p> : null;
  return (
    <>
      <h3>
        <State of={{ state: of.ok ? "ok" : "failed" }} word={`${name}: ${of.ok ? "works" : "does not work"}`} />{" "}
        <span class="soft">{of.seconds.toFixed(1)} s</span>
      </h3>
      <ul class="steps">
        {of.steps.map((step) => (
          <li>
            <Mark of={step.ok ? "good" : "bad"} /> <strong><Name of={step.name} /></strong>{" "}
            <Name of={step.message} />
            {step.hint ? <p class="note"><Prose of={step.hint} /></p> : null}
          </li>
        ))}
      </ul>
    </>
  );
}
