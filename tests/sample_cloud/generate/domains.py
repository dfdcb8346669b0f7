"""libvirt domains of a generated host: the document `virsh dumpxml` prints for an instance."""

from __future__ import annotations

from xml.sax.saxutils import escape

from tests.sample_cloud.generate.links import brq
from tests.sample_cloud.generate.names import Names, short_hash
from tests.sample_cloud.generate.plan import Host, Instance, Port


def domains_text(host: Host, names: Names) -> str:
    """What the command `domains` prints: the ids, then the documents."""
    running = [instance for instance in host.instances if not instance.failed]
    uuids = "".join(f"{instance.id}\n" for instance in running)
    documents = []
    for number, instance in enumerate(running, start=1):
        interfaces = "".join(_interface(port, at) for at, port in enumerate(instance.ports))
        documents.append(domain_xml(instance, number, names, interfaces) + "\n")
    return uuids + "".join(documents)


def domain_xml(instance: Instance, number: int, names: Names, interfaces: str) -> str:
    """One domain with these interfaces."""
    ports = "".join(_nova_port(port) for port in instance.ports)
    return DOMAIN.format(
        number=number,
        name=instance.domain,
        uuid=instance.id,
        display_name=escape(instance.name),
        user=names.hex("user", "admin"),
        project=instance.project.id,
        project_name=escape(instance.project.name),
        image=names.uuid("image", 0),
        base=short_hash(names.uuid("image", 0)),
        ports=ports,
        interfaces=interfaces,
        vnc=5899 + number,
        pts=number - 1,
    )


def _nova_port(port: Port) -> str:
    addresses = "".join(
        f'          <nova:ip type="fixed" address="{address}" ipVersion="{subnet.cidr.version}"/>\n'
        for subnet, address in port.fixed
    )
    return f'        <nova:port uuid="{port.id}">\n{addresses}        </nova:port>\n'


def _interface(port: Port, at: int) -> str:
    host = port.host
    kind, source = "bridge", ""
    if host is None or host.driver != "ovs":
        source = f"      <source bridge='{brq(port.network)}'/>\n"
    elif host.hybrid:
        source = f"      <source bridge='qbr{port.short}'/>\n"
    else:  # os-vif plugs the tap into br-int, libvirt knows of no bridge
        kind = "ethernet"
    return f"""    <interface type='{kind}'>
      <mac address='{port.mac}'/>
{source}      <target dev='tap{port.short}'/>
      <model type='virtio'/>
      <driver name='qemu'/>
      <mtu size='{port.network.mtu}'/>
      <alias name='net{at}'/>
      <address type='pci' domain='0x0000' bus='0x00' slot='0x{at + 3:02x}' function='0x0'/>
    </interface>
"""


DOMAIN = """\
<domain type='qemu' id='{number}'>
  <name>{name}</name>
  <uuid>{uuid}</uuid>
  <metadata>
    <nova:instance xmlns:nova="http://openstack.org/xmlns/libvirt/nova/1.1">
      <nova:package version="26.2.2"/>
      <nova:name>{display_name}</nova:name>
      <nova:creationTime>2026-01-15 08:10:00</nova:creationTime>
      <nova:flavor name="m1.small">
        <nova:memory>2048</nova:memory>
        <nova:disk>20</nova:disk>
        <nova:swap>0</nova:swap>
        <nova:ephemeral>0</nova:ephemeral>
        <nova:vcpus>1</nova:vcpus>
      </nova:flavor>
      <nova:owner>
        <nova:user uuid="{user}">admin</nova:user>
        <nova:project uuid="{project}">{project_name}</nova:project>
      </nova:owner>
      <nova:root type="image" uuid="{image}"/>
      <nova:ports>
{ports}      </nova:ports>
    </nova:instance>
  </metadata>
  <memory unit='KiB'>2097152</memory>
  <currentMemory unit='KiB'>2097152</currentMemory>
  <vcpu placement='static'>1</vcpu>
  <resource>
    <partition>/machine</partition>
  </resource>
  <sysinfo type='smbios'>
    <system>
      <entry name='manufacturer'>OpenStack Foundation</entry>
      <entry name='product'>OpenStack Nova</entry>
      <entry name='version'>26.2.2</entry>
      <entry name='serial'>{uuid}</entry>
      <entry name='uuid'>{uuid}</entry>
      <entry name='family'>Virtual Machine</entry>
    </system>
  </sysinfo>
  <os>
    <type arch='x86_64' machine='pc-i440fx-7.2'>hvm</type>
    <boot dev='hd'/>
    <smbios mode='sysinfo'/>
  </os>
  <features>
    <acpi/>
    <apic/>
  </features>
  <clock offset='utc'/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2' cache='none'/>
      <source file='/var/lib/nova/instances/{uuid}/disk' index='1'/>
      <backingStore type='file' index='2'>
        <format type='raw'/>
        <source file='/var/lib/nova/instances/_base/{base}'/>
        <backingStore/>
      </backingStore>
      <target dev='vda' bus='virtio'/>
      <alias name='virtio-disk0'/>
    </disk>
{interfaces}    <serial type='pty'>
      <source path='/dev/pts/{pts}'/>
      <log file='/var/lib/nova/instances/{uuid}/console.log' append='off'/>
      <target type='isa-serial' port='0'>
        <model name='isa-serial'/>
      </target>
      <alias name='serial0'/>
    </serial>
    <graphics type='vnc' port='{vnc}' autoport='yes' listen='0.0.0.0'>
      <listen type='address' address='0.0.0.0'/>
    </graphics>
    <memballoon model='virtio'>
      <stats period='10'/>
      <alias name='balloon0'/>
    </memballoon>
  </devices>
</domain>
"""
