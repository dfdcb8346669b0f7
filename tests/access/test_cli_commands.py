"""The commands of the bundle on a machine whose names are shell metacharacters."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from calipso.hostparse.fdb import parse_fdb
from calipso.hostparse.iplink import parse_devices
from calipso.hostparse.netns import parse_namespaces
from calipso.sources.cli import bundle
from calipso.sources.cli.commands import COMMANDS, LINKS
from calipso.sources.cli.container import PLACES, wrap

BRIDGE, VXLAN, NAMESPACE = "b$(reboot);`", "v;>trap|&'", "n $(>trap)"
_SETUP = """\
export PATH="$PATH:/usr/sbin:/sbin"
mount -t tmpfs none /run
mount -t sysfs none /sys
ip link add "$1" type bridge
ip link add "$2" type vxlan id 7 local 127.0.0.1 dstport 4789
ip link set "$2" master "$1"
bridge fdb append 00:00:00:00:00:00 dev "$2" dst 198.51.100.7
ip netns add "$3"
"""


def run(line: str, folder: Path, *prefix: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*prefix, "sh", "-c", line], cwd=folder, capture_output=True, text=True, check=False
    )


def ask(folder: Path, *prefix: str) -> dict[str, bundle.Section]:
    script = bundle.compose(bundle.Question(c.name, c.text, 20) for c in COMMANDS)
    said = run(script.command_line(sudo=False), folder, *prefix)
    return bundle.parse_output(script, said.stdout, said.stderr)


def namespaces_refused() -> bool:
    tried = subprocess.run(["unshare", "-m", "-n", "true"], capture_output=True, check=False)
    return os.geteuid() != 0 or tried.returncode != 0


@pytest.mark.skipif(namespaces_refused(), reason="needs root and network namespaces")
def test_names_with_metacharacters_are_read_and_not_run(tmp_path: Path) -> None:
    setup = tmp_path / "setup"
    setup.write_text(f'{_SETUP}\nshift 3; exec "$@"\n')
    names = (BRIDGE, VXLAN, NAMESPACE)
    said = ask(tmp_path, "unshare", "-m", "-n", "sh", str(setup), *names)
    if parse_devices(said[LINKS.name].out).keys() != {"lo", BRIDGE, VXLAN}:
        pytest.skip("this kernel has no bridge or no vxlan devices")

    assert parse_fdb(said["fdb"].out) == {VXLAN: ["198.51.100.7"]}
    # `ip netns list` cannot tell where a name with a space ends
    assert parse_namespaces(said["namespace_links"].out) == {"n": None}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["setup"]


def test_script_is_read_back_as_it_was_composed() -> None:
    questions = [
        bundle.Question("a b", "printf '%s' \"it's\" | cat\n# commands\necho `x` $(y)", 7),
        bundle.Question("empty", "", 1),
    ]
    script = bundle.compose(questions)

    assert bundle.parse_script(script.command_line(sudo=False)) == script
    assert bundle.parse_script(script.command_line(sudo=True)) == script
    assert script.marker != bundle.compose(questions).marker


@pytest.mark.parametrize("line", ["", "uname -n", "sh -c", "sh -c 'echo x'", "echo 'unclosed"])
def test_other_command_lines_are_no_script(line: str) -> None:
    assert bundle.parse_script(line) is None


@pytest.mark.parametrize("cut", range(0, 120, 7))
def test_answer_cut_off_anywhere_is_never_taken_for_a_whole_one(cut: int) -> None:
    script = bundle.compose([bundle.Question("one", "x"), bundle.Question("two", "y")])
    whole = bundle.frame(script.marker, "one", 0, "first\n")
    out = whole + bundle.frame(script.marker, "two", 12, "second")
    begin = len(whole)

    found = bundle.parse_output(script, f"motd\n{out[: begin + cut]}", "")

    complete = begin + cut >= len(out)
    assert found["one"] == bundle.Section(0, "first\n", "")
    assert ("two" in found and found["two"].exit == 12) is complete


def test_frames_of_a_played_host_are_read_like_those_of_the_shell(tmp_path: Path) -> None:
    script = bundle.compose([bundle.Question("q", "echo out; echo err >&2; exit 4")])

    said = run(script.command_line(sudo=False), tmp_path)

    assert bundle.parse_output(script, said.stdout, said.stderr) == bundle.parse_output(
        script,
        bundle.frame(script.marker, "q", 4, "out\n"),
        bundle.frame(script.marker, "q", 4, "err\n"),
    )


@pytest.mark.parametrize("distribution", sorted(PLACES))
def test_tool_in_a_container_is_asked_there(distribution: str, tmp_path: Path) -> None:
    place = PLACES[distribution]["virsh"]
    name = place.containers[-1].format(version="7")
    docker = tmp_path / "docker"
    docker.write_text(
        f'#!/bin/sh\n[ "$1" = container ] && {{ [ "$3" = {name} ]; exit; }}\n'
        'echo "$1 $2 $3 $4"; shift 4; exec "$@"\n'
    )
    docker.chmod(0o755)

    said = run(
        f"PATH={tmp_path}:$PATH; " + wrap("echo 'a  b'; exit 5", "virsh", distribution, "7"),
        tmp_path,
    )

    assert said.stdout == f"exec -u root {name}\na  b\n"
    assert said.returncode == 5


def test_tool_in_each_container_is_asked_in_all(tmp_path: Path) -> None:
    docker = tmp_path / "docker"
    docker.write_text('#!/bin/sh\n[ "$1" = container ] && exit\necho "$4"\n')
    docker.chmod(0o755)

    said = run(f"PATH={tmp_path}; " + wrap("x", "ip netns", "Mercury", "1; x"), tmp_path)

    assert said.stdout == "neutron_l3_agent_1; x\nneutron_dhcp_agent_1; x\n"


def test_host_without_the_container_says_so(tmp_path: Path) -> None:
    docker = tmp_path / "docker"
    docker.write_text("#!/bin/sh\nexit 1\n")
    docker.chmod(0o755)

    said = run(f"PATH={tmp_path}; " + wrap("x", "virsh", "Kolla", ""), tmp_path)

    assert (said.returncode, said.stderr) == (127, "not found: container nova_libvirt\n")


#: Stands for docker or podman that has one container, running or not.
_ENGINE = """\
#!/bin/sh
if [ "$1" = container ]; then [ "$3" = nova_libvirt ] && echo {running}; exit; fi
[ {running} = true ] || {{ echo "container is not running" >&2; exit 1; }}
echo "{name}"
"""


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ({"podman": _ENGINE.format(running="true", name="podman")}, (0, "podman\n", "")),
        ({"virsh": "#!/bin/sh\necho host\n"}, (0, "host\n", "")),
        ({}, (1, "", "not running: container docker:nova_libvirt\n")),
    ],
    ids=["it-runs-in-podman", "libvirt-moved-to-the-host", "nowhere-else"],
)
def test_a_stopped_container_is_no_place_for_a_tool(
    others: dict[str, str], expected: tuple[int, str, str], tmp_path: Path
) -> None:
    places = {"docker": _ENGINE.format(running="false", name="docker")} | others
    for name, text in places.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    (tmp_path / "sh").symlink_to("/bin/sh")

    said = run(f"PATH={tmp_path}; " + wrap("virsh", "virsh", "Kolla", ""), tmp_path)

    assert (said.returncode, said.stdout, said.stderr) == expected


def test_tool_on_the_host_is_not_wrapped() -> None:
    assert wrap("ip a", "ip", "Kolla", "") == "ip a"
    assert wrap("virsh list", "virsh", "Debian", "12") == "virsh list"
