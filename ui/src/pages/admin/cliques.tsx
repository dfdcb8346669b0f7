// Which links make a clique, and what must they agree with?
import { address, call, edits, get, isAdmin, session } from "../../api.ts";
import { useLoad } from "../../load.ts";
import { Failure, Name, Table, Waiting, type Page } from "../../parts/basics.tsx";
import { Check, filled, Input, Select, Sent, useSend } from "../../parts/form.tsx";
import { plain } from "../../words.ts";

interface CliqueType {
  id: string;
  name: string;
  focal_point_type: string;
  link_types: string[];
  environment?: string | null;
  distribution?: string | null;
  distribution_version?: string | null;
  mechanism_drivers?: string | string[] | null;
  type_drivers?: string | string[] | null;
  use_implicit_links: boolean;
  origin: string;
}
interface Constraint {
  id: string;
  focal_point_type: string;
  constraints: string[];
  origin: string;
}

const meantFor = (row: CliqueType) =>
  row.environment && row.environment !== "ANY"
    ? `environment ${row.environment}`
    : [row.distribution, row.distribution_version, row.mechanism_drivers, row.type_drivers]
        .flat().filter(Boolean).join(", ") || "all";

/** Words of a constant, for a choice. */
function useWords(name: string): string[] {
  const found = useLoad<{ data?: { value: string }[] }>(`constant ${name}`, () => get(`/constants/${name}`));
  return (found.data?.data ?? []).map((word) => String(word.value)).sort();
}

export function CliqueTypes() {
  const found = useLoad<Page<CliqueType>>("clique types", () => get("/clique_types", { limit: 500 }));
  const sending = useSend();
  const remove = (row: CliqueType) =>
    sending.send(async () => {
      await call("DELETE", address(`/clique_types/${row.id}`));
      found.again();
    }, `Deleted ${row.name}; the default of the file applies again.`);
  const may = (row: CliqueType) =>
    row.origin === "stored" && (row.environment ? edits(row.environment) : isAdmin());
  return (
    <>
      <h1>Clique types</h1>
      <p class="soft">
        A clique type says which links are walked from a focal point, and in which order. Those that
        are stored come before those of the file; the next scan uses them.
      </p>
      {found.error ? <Failure of={found.error} again={found.again} /> : null}
      <Sent of={sending} />
      {!found.data ? (found.error ? null : <Waiting />) : (
        <Table
          label="Clique types"
          name="clique-types"
          rows={found.data.items}
          columns={[
            { title: "Focal point", cell: (row) => plain(row.focal_point_type), text: (row) => row.focal_point_type },
            { title: "Name", cell: (row) => <Name of={row.name} />, text: (row) => row.name },
            { title: "For", cell: (row) => <Name of={meantFor(row)} />, text: meantFor },
            {
              title: "Links",
              cell: (row) => <Links of={row.link_types} />,
              text: (row) => row.link_types.join(", "),
            },
            { title: "Origin", cell: (row) => row.origin, text: (row) => row.origin },
            {
              title: "Change",
              cell: (row) => may(row) ? (
                <button type="button" class="small" disabled={sending.busy} onClick={() => remove(row)}
                  aria-label={`Delete ${plain(row.name)}`}>
                  Delete
                </button>
              ) : null,
              text: () => "",
            },
          ]}
        />
      )}
      {session.value?.role === "viewer" ? null : <NewType made={found.again} />}
    </>
  );
}

const Links = ({ of }: { of: string[] }) => (
  <details>
    <summary>{of.length} link types</summary>
    {plain(of.join(", "))}
  </details>
);

function NewType({ made }: { made: () => void }) {
  const types = useWords("object_types");
  const links = useWords("link_types");
  const sending = useSend();
  const add = (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const { link_types = "", implicit, ...given } = filled(form);
    sending.send(async () => {
      await call("POST", address("/clique_types"), {
        ...given,
        link_types: link_types.split(/[\s,]+/).filter(Boolean),
        use_implicit_links: Boolean(implicit),
      });
      form.reset();
      made();
    }, "Added; the next scan uses it.");
  };
  return (
    <>
      <h2>Add a clique type</h2>
      <form class="narrow" onSubmit={add}>
        <Input label="Name" name="name" required />
        <Select label="Focal point" name="focal_point_type" value="instance" choices={types} />
        <Input label="Link types, in the order of the walk" name="link_types" required
          hint={<details><summary>All {links.length} link types</summary>{links.join(", ")}</details>} />
        <Input label="Environment" name="environment" hint="Either an environment, or one of the following." />
        <Input label="Distribution" name="distribution" />
        <Input label="Mechanism driver" name="mechanism_drivers" />
        <Input label="Type driver" name="type_drivers" />
        <Check name="implicit" label="Walk links that are made of others, too" />
        <button type="submit" class="main" disabled={sending.busy}>Add the clique type</button>
        <Sent of={sending} />
      </form>
    </>
  );
}

export function Constraints() {
  const found = useLoad<Page<Constraint>>("constraints", () => get("/clique_constraints", { limit: 500 }));
  const types = useWords("object_types");
  const fields = useWords("constraints");
  const sending = useSend();
  const adding = useSend();
  const remove = (row: Constraint) =>
    sending.send(async () => {
      await call("DELETE", address(`/clique_constraints/${row.id}`));
      found.again();
    }, "Deleted; the constraints of the file apply again.");
  return (
    <>
      <h1>Constraints</h1>
      <p class="soft">
        A link belongs to a clique only if it agrees with the focal point in these fields: with{" "}
        <code>network</code>, a clique of an instance has only links of its own networks.
      </p>
      {found.error ? <Failure of={found.error} again={found.again} /> : null}
      <Sent of={sending} />
      {!found.data ? (found.error ? null : <Waiting />) : (
        <Table
          label="Constraints"
          name="constraints"
          rows={found.data.items}
          columns={[
            { title: "Focal point", cell: (row) => plain(row.focal_point_type), text: (row) => row.focal_point_type },
            {
              title: "Fields",
              cell: (row) => <Name of={row.constraints.join(", ") || "none"} />,
              text: (row) => row.constraints.join(", "),
            },
            { title: "Origin", cell: (row) => row.origin, text: (row) => row.origin },
            {
              title: "Change",
              cell: (row) => row.origin === "stored" && isAdmin() ? (
                <button type="button" class="small" disabled={sending.busy} onClick={() => remove(row)}
                  aria-label={`Delete the constraints of ${plain(row.focal_point_type)}`}>
                  Delete
                </button>
              ) : null,
              text: () => "",
            },
          ]}
        />
      )}
      {isAdmin() ? (
        <>
          <h2>Define constraints</h2>
          <form
            class="narrow"
            onSubmit={(event) => {
              event.preventDefault();
              const { focal_point_type, constraints = "" } = filled(event.currentTarget);
              adding.send(async () => {
                await call("POST", address("/clique_constraints"), {
                  focal_point_type,
                  constraints: constraints ? [constraints] : [],
                });
                found.again();
              }, "Stored; the next scan uses it.");
            }}
          >
            <Select label="Focal point" name="focal_point_type" value="instance" choices={types} />
            <Select label="Field" name="constraints" choices={[["", "no constraint"], ...fields.map((one): [string, string] => [one, one])]} />
            <button type="submit" disabled={adding.busy}>Define</button>
            <Sent of={adding} />
          </form>
        </>
      ) : null}
    </>
  );
}
