// Which cloud is it, and can I believe the data? One row each.
import { useState } from "preact/hooks";
import { address, ApiError, call, get, session } from "../api.ts";
import { useLoad } from "../load.ts";
import { Age, Empty, Failure, More, Name, State, Table, Waiting, type Page } from "../parts/basics.tsx";
import { go, to } from "../route.ts";
import { plain } from "../words.ts";

interface Environment {
  name: string;
  distribution?: string;
  distribution_version?: string;
  mechanism_drivers?: string[];
  scanned: boolean;
  last_scanned?: string;
  operational?: string;
}

export function Environments() {
  const found = useLoad<Page<Environment>>(
    "environments",
    () => get("/environment_configs", { limit: 500 }),
    30_000,
  );
  const [error, setError] = useState<ApiError | null>(null);
  const scan = async (environment: string) => {
    try {
      const made = await call<{ id: string }>("POST", address("/scans"), { environment });
      go(to(["scans", made.id]));
    } catch (failure) {
      setError(failure as ApiError);
    }
  };
  if (!found.data) return found.error ? <Failure of={found.error} again={found.again} /> : <Waiting />;
  const rows = found.data.items;
  return (
    <>
      <h1>Environments</h1>
      {error ? <Failure of={error} /> : null}
      {rows.length === 0 ? (
        <Empty>
          There is no environment that you may view. An admin adds one on the command line with{" "}
          <code>calipso env add</code>; <code>make demo</code> in a checkout scans a sample cloud.
        </Empty>
      ) : (
        <Table
          label="Environments"
          name="environments"
          rows={rows}
          columns={[
            {
              title: "Name",
              cell: (row) => <a href={to(["tree", row.name])}><Name of={row.name} /></a>,
              text: (row) => row.name,
            },
            {
              title: "Cloud",
              cell: (row) => plain(`${row.distribution ?? ""} ${row.distribution_version ?? ""}`),
              text: (row) => `${row.distribution ?? ""} ${row.distribution_version ?? ""}`,
            },
            {
              title: "Drivers",
              cell: (row) => plain((row.mechanism_drivers ?? []).join(", ")),
              text: (row) => (row.mechanism_drivers ?? []).join(", "),
            },
            {
              title: "Last scanned",
              cell: (row) => row.scanned ? <Age of={row.last_scanned} /> : <State of={{}} word="never" />,
              text: (row) => row.last_scanned ?? "",
            },
            {
              title: "Look",
              cell: (row) => (
                <span class="line">
                  <a href={to(["changes"], { env: row.name })}>changes</a>
                  <a href={to(["scans"], { env: row.name })}>scans</a>
                  {session.value?.role === "viewer" ? null : (
                    <button type="button" class="small" onClick={() => scan(row.name)}>
                      Scan now
                    </button>
                  )}
                </span>
              ),
              text: () => "",
            },
          ]}
        />
      )}
      <More of={found.data}>
        <code>calipso env list</code> lists all.
      </More>
    </>
  );
}
