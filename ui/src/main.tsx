import { render, type JSX } from "preact";
import { useEffect } from "preact/hooks";
import { lostSince, logOut, session, whoAmI } from "./api.ts";
import { Age, Empty, Name } from "./parts/basics.tsx";
import { Admin } from "./pages/admin/index.tsx";
import { Changes } from "./pages/changes.tsx";
import { Compare } from "./pages/compare.tsx";
import { Drift } from "./pages/drift.tsx";
import { EnvironmentPage } from "./pages/environment.tsx";
import { Environments } from "./pages/environments.tsx";
import { Events } from "./pages/events.tsx";
import { Spof } from "./pages/impact.tsx";
import { startLive } from "./live.ts";
import { Login } from "./pages/login.tsx";
import { Monitoring } from "./pages/monitoring.tsx";
import { ObjectPage } from "./pages/object.tsx";
import { Objects } from "./pages/objects.tsx";
import { PathPage } from "./pages/path.tsx";
import { ScanPage, Scans } from "./pages/scans.tsx";
import { Search } from "./pages/search.tsx";
import { Tree } from "./pages/tree.tsx";
import { Past } from "./parts/past.tsx";
import { follow, go, here, place, to } from "./route.ts";
import "./style.css";

const MENU = [
  ["search", "Search"],
  ["environments", "Environments"],
  ["path", "Path"],
  ["drift", "Drift"],
  ["monitoring", "Monitoring"],
  ["events", "Events"],
  ["scans", "Scans"],
  ["changes", "Changes"],
  ["admin", "Set up"],
] as const;

/** Pages that belong to one of the menu. */
const WITHIN: Record<string, string> = {
  environment: "environments",
  objects: "environments",
  tree: "environments",
  object: "search",
  spof: "environments",
  compare: "changes",
};

function View(): JSX.Element {
  const [page = "search", key] = place.value.parts;
  if (page === "search") return <Search />;
  if (page === "object" && key) return <ObjectPage key={key} id={key} />;
  if (page === "environments") return <Environments />;
  if (page === "environment" && key) return <EnvironmentPage key={key} name={key} />;
  if (page === "objects" && place.value.query.get("env")) return <Objects />;
  if (page === "admin") return <Admin />;
  if (page === "tree" && key) return <Tree key={key} env={key} />;
  if (page === "scans") return key ? <ScanPage key={key} id={key} /> : <Scans />;
  if (page === "changes") return <Changes />;
  if (page === "path") return <PathPage />;
  if (page === "drift") return <Drift />;
  if (page === "spof") return <Spof />;
  if (page === "compare") return <Compare />;
  if (page === "events") return <Events />;
  if (page === "monitoring") return <Monitoring />;
  return (
    <>
      <h1>No such page</h1>
      <Empty>
        This address leads nowhere. <a href={to(["search"])}>Search</a> finds objects.
      </Empty>
    </>
  );
}

/** Keys for everywhere; none while a text is typed. */
function keys(event: KeyboardEvent): void {
  const at = event.target as HTMLElement;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") return at.blur();
  if (at.closest("input, select, textarea")) return;
  const [page, key] = place.value.parts;
  if (event.key === "/") {
    event.preventDefault();
    go(to(["search"]));
    document.getElementById("q")?.focus();
  } else if (page === "object" && key && (event.key === "g" || event.key === "t")) {
    go(here({ view: event.key === "g" ? "graph" : "table" }));
  }
}

function App() {
  useEffect(() => {
    whoAmI();
    startLive();
    addEventListener("keydown", keys);
    addEventListener("click", follow);
  }, []);
  const asked = place.value.parts[0] ?? "search";
  const page = WITHIN[asked] ?? asked;
  useEffect(() => {
    const title = MENU.find(([name]) => name === asked)?.[1];
    if (title) document.title = `${title} · Calipso`;
  }, [asked]);
  const lost = lostSince.value;
  const bar = lost ? (
    <p class="lost" role="alert">
      Connection lost <Age of={lost.toISOString()} />; what is shown is from before.
    </p>
  ) : null;
  if (session.value === undefined) return bar;
  if (session.value === null) return <>{bar}<Login /></>;
  return (
    <>
      <a class="skip" href={`${location.pathname}${location.search}#main`}
        onClick={(event) => {
          event.preventDefault();
          document.getElementById("main")?.focus();
        }}>
        Skip to the content
      </a>
      <header class="top">
        <a class="brand" href={to([])}>Calipso</a>
        <nav aria-label="Pages">
          {MENU.map(([name, title]) => (
            <a href={to([name])} aria-current={name === page ? "page" : undefined}>{title}</a>
          ))}
        </nav>
        <span class="who">
          <a href="/docs/">Help</a>
          <a href={to(["admin", "account"])}><Name of={session.value.name} /></a>{" "}
          <span class="soft">{session.value.role}</span>
          <button type="button" class="small" onClick={() => logOut().catch(() => undefined)}>
            Log out
          </button>
        </span>
      </header>
      {bar}
      <main id="main" tabIndex={-1}>
        <Past />
        <View />
      </main>
    </>
  );
}

render(<App />, document.getElementById("app")!);
