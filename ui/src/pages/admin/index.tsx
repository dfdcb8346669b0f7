// What an admin or an operator sets up. Each page is shown to those who may use it.
import type { JSX } from "preact";
import { isAdmin, session } from "../../api.ts";
import { Empty } from "../../parts/basics.tsx";
import { place, to } from "../../route.ts";
import { Account } from "./account.tsx";
import { Audit } from "./audit.tsx";
import { CliqueTypes, Constraints } from "./cliques.tsx";
import { EnvironmentSettings, EnvironmentsSetUp } from "./environments.tsx";
import { Schedules } from "./schedules.tsx";
import { OneUser, Users } from "./users.tsx";

interface Part {
  path: string;
  title: string;
  may: () => boolean;
  page: (key?: string) => JSX.Element;
}
const operates = () => session.value?.role !== "viewer";

export const PARTS: Part[] = [
  {
    path: "environments",
    title: "Environments",
    may: operates,
    page: (key) => key ? <EnvironmentSettings key={key} name={key} /> : <EnvironmentsSetUp />,
  },
  { path: "schedules", title: "Schedules", may: () => true, page: () => <Schedules /> },
  { path: "clique-types", title: "Clique types", may: () => true, page: () => <CliqueTypes /> },
  { path: "constraints", title: "Constraints", may: () => true, page: () => <Constraints /> },
  {
    path: "users",
    title: "Users",
    may: isAdmin,
    page: (key) => key ? <OneUser key={key} name={key} /> : <Users />,
  },
  { path: "audit", title: "Audit", may: isAdmin, page: () => <Audit /> },
  { path: "account", title: "Your account", may: () => true, page: () => <Account /> },
];

export function Admin() {
  const [, asked, key] = place.value.parts;
  const seen = PARTS.filter((part) => part.may());
  const part = asked ? PARTS.find((one) => one.path === asked) : seen[0];
  return (
    <>
      <nav class="tabs" aria-label="Set up">
        {seen.map((one) => (
          <a
            href={to(["admin", one.path])}
            aria-current={one === part ? "page" : undefined}
          >
            {one.title}
          </a>
        ))}
      </nav>
      {part?.may() ? part.page(key) : (
        <>
          <h1>{part ? part.title : "No such page"}</h1>
          <Empty>
            {part ? "This page is for admins." : "This address leads nowhere."}{" "}
            <a href={to(["admin", "account"])}>Your account</a> shows what you may do.
          </Empty>
        </>
      )}
    </>
  );
}
