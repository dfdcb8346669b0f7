// The hierarchy of an environment; children are read when their parent is opened.
import { useState } from "preact/hooks";
import { get } from "../api.ts";
import { useLoad } from "../load.ts";
import { Empty, Failure, Name, State, Waiting } from "../parts/basics.tsx";
import { to } from "../route.ts";
import { shortened } from "../words.ts";

interface Branch {
  _id?: string;
  type: string;
  id: string;
  name: string;
  folder: boolean;
  state?: string;
  status?: string;
  hidden: number;
  children: Branch[];
}

export function Tree({ env }: { env: string }) {
  const found = useLoad<Branch>(`tree ${env}`, () =>
    get("/inventory/tree", { env_name: env, depth: 2, limit: 2000 }));
  if (!found.data) return found.error ? <Failure of={found.error} again={found.again} /> : <Waiting />;
  return (
    <>
      <h1><Name of={env} /></h1>
      {found.data.children.length === 0 ? (
        <Empty>
          Nothing is stored of this environment. <a href={to(["environments"])}>Scan it first.</a>
        </Empty>
      ) : null}
      <ul class="tree">
        {found.data.children.map((child) => <Item of={child} open />)}
        <Hidden of={found.data} />
      </ul>
    </>
  );
}

function Item({ of, open = false }: { of: Branch; open?: boolean }) {
  const [shown, setShown] = useState(open);
  const folder = of.folder;
  const more = of.children.length + of.hidden > 0;
  const name = <Name of={shortened(of.name || of.id, 100)} />;
  const label = (
    <>
      {folder || !of._id || more ? name : <a href={to(["object", of._id])}>{name}</a>}
      {folder ? null : <span class="kind">{of.type}</span>}
      {of.state || of.status ? <State of={of} /> : null}
      {more && folder ? <span class="soft">{of.children.length + of.hidden}</span> : null}
    </>
  );
  if (!more) return <li class="leaf">{label}</li>;
  return (
    <li>
      <details open={shown} onToggle={(event) => setShown(event.currentTarget.open)}>
        <summary>{label}</summary>
        {shown && !folder && of._id ? (
          <a class="leaf" href={to(["object", of._id])}>
            Open {name}
          </a>
        ) : null}
        {shown ? <Children of={of} /> : null}
      </details>
    </li>
  );
}

function Children({ of }: { of: Branch }) {
  const found = useLoad<Branch>(`branch ${of._id}`, async () =>
    of.hidden && of._id
      ? get<Branch>(`/inventory/${of._id}/tree`, { depth: 1, limit: 2000 })
      : of);
  if (found.error) return <Failure of={found.error} again={found.again} />;
  return (
    <ul>
      {found.data?.children.map((child) => <Item of={child} />)}
      {found.data ? <Hidden of={found.data} /> : null}
    </ul>
  );
}

/** How many of its children are left out. */
const Hidden = ({ of }: { of: Branch }) =>
  of.hidden ? <li class="leaf note">{of.hidden} more are not shown; the search finds them.</li> : null;
