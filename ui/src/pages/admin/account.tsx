// Who am I, what may I do, and which tokens of mine are valid?
import { address, call, get, session } from "../../api.ts";
import { useLoad } from "../../load.ts";
import { Age, Empty, Failure, Name, Table, Waiting } from "../../parts/basics.tsx";
import { filled, Input, Sent, useSend } from "../../parts/form.tsx";

export interface Token {
  id: string;
  method: string;
  label: string;
  issued_at: string;
  expires_at: string;
  used_at?: string | null;
}

export function Account() {
  const who = session.value!;
  const grants = Object.entries(who.grants);
  return (
    <>
      <h1>Your account</h1>
      <p>
        You are <strong><Name of={who.name} /></strong>, {who.role}.
        {who.role === "admin" ? " An admin may do everything in all environments." : null}
      </p>
      {who.role === "admin" ? null : grants.length ? (
        <Table
          label="What you may do"
          rows={grants}
          columns={[
            {
              title: "Environment",
              cell: ([name]) => name === "*" ? "all" : <Name of={name} />,
              text: ([name]) => name,
            },
            { title: "Grant", cell: ([, grant]) => grant, text: ([, grant]) => grant },
          ]}
        />
      ) : <Empty>You may view no environment yet. An admin gives you grants.</Empty>}
      <h2>Sessions and tokens</h2>
      <Tokens path="/users/me/tokens" />
      <h2>Password</h2>
      <Password />
    </>
  );
}

function Password() {
  const sending = useSend();
  return (
    <form
      class="narrow"
      onSubmit={(event) => {
        event.preventDefault();
        const form = event.currentTarget;
        sending.send(async () => {
          await call("PUT", address("/users/me/password"), filled(form));
          session.value = null;
        });
      }}
    >
      <Input label="Old password" name="old_password" kind="password" required complete="current-password" />
      <Input
        label="New password" name="password" kind="password" required complete="new-password"
        hint="At least 12 characters. All your sessions end, including this one."
      />
      <button type="submit" disabled={sending.busy}>Change the password</button>
      <Sent of={sending} />
    </form>
  );
}

/** Valid tokens of a user, each with a button that ends it. */
export function Tokens({ path, turn = 0 }: { path: string; turn?: number }) {
  const found = useLoad<{ items: Token[] }>(`tokens ${path} ${turn}`, () => get(path));
  const sending = useSend();
  if (!found.data) return found.error ? <Failure of={found.error} again={found.again} /> : <Waiting />;
  if (!found.data.items.length) return <Empty>No session or token is valid.</Empty>;
  const end = (token: Token) =>
    sending.send(async () => {
      await call("DELETE", address(`${path}/${token.id}`));
      found.again();
    }, "The token has ended.");
  return (
    <>
      <Table
        label="Tokens"
        rows={found.data.items}
        columns={[
          { title: "Made by", cell: (row) => KINDS[row.method] ?? row.method, text: (row) => row.method },
          { title: "Label", cell: (row) => <Name of={row.label} />, text: (row) => row.label },
          { title: "Issued", cell: (row) => <Age of={row.issued_at} />, text: (row) => row.issued_at },
          {
            title: "Last used",
            cell: (row) => row.used_at ? <Age of={row.used_at} /> : "never",
            text: (row) => row.used_at ?? "",
          },
          {
            title: "Valid until",
            cell: (row) => <time dateTime={row.expires_at} title={`${row.expires_at} UTC`}>{new Date(row.expires_at).toLocaleString()}</time>,
            text: (row) => row.expires_at,
          },
          {
            title: "End it",
            cell: (row) => (
              <button type="button" class="small" onClick={() => end(row)} disabled={sending.busy}
                aria-label={`End the token ${row.label || row.id}`}>
                End
              </button>
            ),
            text: () => "",
          },
        ]}
      />
      <Sent of={sending} />
    </>
  );
}

const KINDS: Record<string, string> = {
  credentials: "login",
  token: "another token",
  service: "an admin, for a script",
};
