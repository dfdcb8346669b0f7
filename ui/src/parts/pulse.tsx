// Of one environment in a line each: drift, monitoring, events; each leads to its page.
import { get } from "../api.ts";
import { ofTopic } from "../live.ts";
import { useLoad } from "../load.ts";
import { Numbers, type Summary } from "../pages/runners.tsx";
import { to } from "../route.ts";
import { HEALTH } from "./answer.tsx";
import { Age, Failure, Mark } from "./basics.tsx";
import { SeverityCounts, type DriftData } from "./findings.tsx";

interface Listener {
  listen: boolean;
  state: string;
  since?: string | null;
  last?: string | null;
  dead: number;
}

export function Pulse({ env }: { env: string }) {
  const drift = useLoad<DriftData>(`drift of ${env}`, () => get("/drift", { env_name: env, limit: 1 }), {
    every: 60_000,
    on: ofTopic("drift", env),
  });
  const checks = useLoad<Summary>(`checks of ${env}`, () => get("/monitoring/summary", { env_name: env }), {
    every: 30_000,
    on: ofTopic("monitoring", env),
  });
  const events = useLoad<Listener>(`events of ${env}`, () => get(`/event_listeners/${encodeURIComponent(env)}`), {
    every: 30_000,
    on: ofTopic("events", env),
  });
  const error = drift.error ?? checks.error ?? events.error;
  return (
    <section class="panel" aria-label="Drift, monitoring and events">
      {error ? <Failure of={error} /> : null}
      {drift.data ? (
        <p class="line">
          <a href={to(["drift"], { env })}>Drift</a>
          <Mark of={HEALTH[drift.data.verdict]} />
          <SeverityCounts of={drift.data.counts} env={env} />
          {drift.data.not_checked.length ? <span class="note">not everything was judged</span> : null}
          {drift.data.as_of ? <span class="soft">judged <Age of={drift.data.as_of} /></span> : null}
          <a href={to(["spof"], { env })}>Single points of failure</a>
        </p>
      ) : null}
      {checks.data ? (
        <p class="line">
          <a href={to(["monitoring"], { env })}>Monitoring</a>
          <Numbers of={checks.data.objects} />
          <span class="soft">
            {checks.data.last_check ? <>checked <Age of={checks.data.last_check} /></> : checks.data.enabled ? "not checked yet" : "switched off"}
          </span>
        </p>
      ) : null}
      {events.data ? (
        <p class="line">
          <a href={to(["events"], { env })}>Events</a>
          <span>{events.data.listen ? events.data.state : "switched off"}</span>
          <span class="soft">{events.data.last ? <>last message <Age of={events.data.last} /></> : "no message yet"}</span>
          {events.data.dead ? <span class="note">{events.data.dead} given up</span> : null}
        </p>
      ) : null}
    </section>
  );
}
