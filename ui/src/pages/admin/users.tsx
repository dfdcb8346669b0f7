// Who may use Calipso, and what may each do?
import { useState } from "preact/hooks";
import { address, call, get } from "../../api.ts";
import { useLoad } from "../../load.ts";
import { Age, Copied, Failure, More, Name, State, Table, Waiting, type Page } from "../../parts/basics.tsx";
import { Check, Delete, filled, Input, Select, Sent, useSend } from "../../parts/form.tsx";
import { go, to } from "../../route.ts";
import { Tokens } from "./account.tsx";

interface User {
  name: string;
  role: string;
  grants: Record<string, string>;
  effective_grants?: Record<string, { grant: string; user?: string | null; environment?: string | null }>;
  origin: string;
  disabled: boolean;
  created_at?: string;
}
const ROLES = ["viewer", "operator", "admin"] as const;
const grantWords = (grants: Record<string, string>) =>
  Object.entries(grants).map(([name, grant]) => `${grant} ${name === "*" ? "all" : name}`).join(", ");

export function Users() {
  const found = useLoad<Page<User>>("users", () => get("/users", { limit: 500 }));
  const sending = useSend();
  const add = (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget;
    sending.send(async () => {
      const made = await call<User>("POST", address("/users"), filled(form));
      go(to(["admin", "users", made.name]));
    });
  };
  return (
    <>
      <h1>Users</h1>
      {found.error ? <Failure of={found.error} again={found.again} /> : null}
      {!found.data ? (found.error ? null : <Waiting />) : (
        <Table
          label="Users"
          name="users"
          rows={found.data.items}
          columns={[
            {
              title: "Name",
              cell: (row) => <a href={to(["admin", "users", row.name])}><Name of={row.name} /></a>,
              text: (row) => row.name,
            },
            { title: "Role", cell: (row) => row.role, text: (row) => row.role },
            {
              title: "Grants",
              cell: (row) => row.role === "admin" ? "everything" : <Name of={grantWords(row.grants) || "none"} />,
              text: (row) => grantWords(row.grants),
            },
            { title: "From", cell: (row) => row.origin, text: (row) => row.origin },
            {
              title: "State",
              cell: (row) => <State of={{ state: row.disabled ? "disabled" : "enabled" }} />,
              text: (row) => String(row.disabled),
            },
            { title: "Since", cell: (row) => <Age of={row.created_at} words="" />, text: (row) => row.created_at ?? "" },
          ]}
        />
      )}
      {found.data ? <More of={found.data} /> : null}
      <h2>Add a user</h2>
      <form class="narrow" onSubmit={add}>
        <Input label="Name" name="name" required />
        <Select label="Role" name="role" value="viewer" choices={ROLES}
          hint="A viewer reads; an operator also scans and changes what it may edit; an admin may do everything." />
        <Input label="Password" name="password" kind="password" complete="new-password"
          hint="Without a password the user can only use tokens: for scripts." />
        <button type="submit" class="main" disabled={sending.busy}>Add the user</button>
        <Sent of={sending} />
      </form>
    </>
  );
}

export function OneUser({ name }: { name: string }) {
  const path = `/users/${encodeURIComponent(name)}`;
  const found = useLoad<User>(`user ${name}`, () => get(path));
  const [token, setToken] = useState("");
  const [turn, setTurn] = useState(0);
  const sending = useSend();
  const giving = useSend();
  const setting = useSend();
  if (!found.data) return found.error ? <Failure of={found.error} again={found.again} /> : <Waiting />;
  const user = found.data;
  const change = (changes: Partial<User>) =>
    sending.send(async () => {
      await call("PATCH", address(path), changes);
      found.again();
    }, "Changed.");
  return (
    <>
      <h1><Name of={user.name} /></h1>
      <p class="line">
        <State of={{ state: user.disabled ? "disabled" : "enabled" }} />
        <span>{user.origin === "ldap" ? "from the directory" : "local user"}</span>
        <button type="button" disabled={sending.busy} onClick={() => change({ disabled: !user.disabled })}>
          {user.disabled ? "Enable" : "Disable"}
        </button>
      </p>
      <div class="narrow">
        <Select label="Role" name="role" value={user.role} choices={ROLES} disabled={sending.busy}
          onInput={(role) => change({ role })} />
      </div>
      <Sent of={sending} />
      <h2>Grants</h2>
      <Grants of={user} change={(grants) => change({ grants })} />
      <h2>Sessions and tokens</h2>
      <Tokens path={`${path}/tokens`} turn={turn} />
      <form
        class="narrow"
        onSubmit={(event) => {
          event.preventDefault();
          const { days, label } = filled(event.currentTarget);
          giving.send(async () => {
            const made = await call<{ token: string }>("POST", address(`${path}/tokens`), {
              days: Number(days),
              label: label ?? "",
            });
            setToken(made.token);
            setTurn((old) => old + 1);
          }, "Copy the token now: it is shown only once.");
        }}
      >
        <Input label="What the token is for" name="label" required />
        <Input label="Days it is valid" name="days" kind="number" value="90" required />
        <button type="submit" disabled={giving.busy}>Make a token for a script</button>
        <Sent of={giving} />
        {token ? <Copied of={token} /> : null}
      </form>
      <h2>Password</h2>
      <form
        class="narrow"
        onSubmit={(event) => {
          event.preventDefault();
          const form = event.currentTarget as HTMLFormElement;
          setting.send(async () => {
            await call("PUT", address(`${path}/password`), filled(form));
            form.reset();
          }, "The password is set; the sessions of the user have ended.");
        }}
      >
        <Input label="New password" name="password" kind="password" required complete="new-password" />
        <button type="submit" disabled={setting.busy}>Set the password</button>
        <Sent of={setting} />
      </form>
      <Delete
        what="user"
        name={user.name}
        act={async () => {
          await call("DELETE", address(path));
          go(to(["admin", "users"]));
        }}
      />
    </>
  );
}

function Grants({ of, change }: { of: User; change: (grants: Record<string, string>) => void }) {
  const environments = useLoad<Page<{ name: string }>>("names", () =>
    get("/environment_configs", { fields: "name", limit: 500 }));
  const rows = Object.entries(of.effective_grants ?? of.grants);
  const without = (name: string) =>
    Object.fromEntries(Object.entries(of.grants).filter(([one]) => one !== name));
  return (
    <>
      {of.role === "admin" ? <p>An admin needs no grants.</p> : null}
      {rows.length ? (
        <Table
          label="Grants"
          rows={rows}
          columns={[
            { title: "Environment", cell: ([name]) => name === "*" ? "all" : <Name of={name} />, text: ([name]) => name },
            {
              title: "Grant",
              cell: ([, grant]) => typeof grant === "string" ? grant : grant.grant,
              text: ([, grant]) => typeof grant === "string" ? grant : grant.grant,
            },
            {
              title: "Take it away",
              cell: ([name]) => of.grants[name] ? (
                <button type="button" class="small" onClick={() => change(without(name))}>
                  Take away
                </button>
              ) : <span class="soft">from the environment</span>,
              text: () => "",
            },
          ]}
        />
      ) : null}
      {of.role === "admin" ? null : <form
        class="line"
        onSubmit={(event) => {
          event.preventDefault();
          const { environment, edit } = filled(event.currentTarget);
          if (environment) change({ ...of.grants, [environment]: edit ? "edit" : "view" });
        }}
      >
        <Select label="Environment" name="environment" choices={[
          ["*", "all"],
          ...(environments.data?.items ?? []).map(({ name }): [string, string] => [name, name]),
        ]} />
        <Check label="may also edit" name="edit" />
        <button type="submit">Give the grant</button>
      </form>}
    </>
  );
}
