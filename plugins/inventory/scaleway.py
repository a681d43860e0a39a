# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Inventory: servers at Scaleway."""

from __future__ import annotations

DOCUMENTATION = r"""
name: scaleway
short_description: Servers at Scaleway, Elastic Metal first
version_added: 0.4.0
author: katabench authors (@katabench)
description:
  - Lists servers of Elastic Metal, and Instances where asked for, with Scaleway's own SDK.
  - Only servers that are ready become hosts. Of Elastic Metal those are up and have their operating system installed.
  - Whatever the API refuses stops it with a sentence. An inventory is never short of hosts because of an error.
  - Takes a file named C(scaleway.yml) or C(*.scaleway.yml), or C(.yaml).
notes:
  - Ansible goes on without an inventory that it cannot read, unless E(ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED) is set,
    as it is by the C(ansible.cfg) of a clone of this collection.
requirements:
  - scaleway (Python, on the controller)
extends_documentation_fragment:
  - constructed
  - inventory_cache
options:
  plugin:
    description: Says that a file is for this plugin.
    required: true
    choices: [katabench.scylla.scaleway]
  kinds:
    description: What to list.
    type: list
    elements: str
    choices: [elastic_metal, instances]
    default: [elastic_metal]
  zones:
    description: Zones to look in. The default are those with Elastic Metal.
    type: list
    elements: str
    default: [fr-par-1, fr-par-2, nl-ams-1, nl-ams-2, pl-waw-2, pl-waw-3]
  tags:
    description: Tags that a server must have, all of them.
    type: list
    elements: str
    default: []
  projects:
    description: Ids of the projects whose servers are listed. Without any, O(project).
    type: list
    elements: str
    default: []
  offers:
    description: Names of the offers whose servers are listed. Without any, all.
    type: list
    elements: str
    default: []
  statuses:
    description: Statuses in which a server is looked at. Without any, all.
    type: list
    elements: str
    default: []
  hostnames:
    description:
      - What a host is called by, the first that it has of these. C(name), C(id), C(public_ipv4), C(public_ipv6) and
        C(private_ipv4) are known.
    type: list
    elements: str
    default: [name]
  not_ready:
    description:
      - What becomes of servers that are not ready. V(warn) names them. V(group) puts them into the group
        C(scaleway_not_ready), where plays with C(hosts) C(all) meet them.
    type: str
    choices: [warn, group]
    default: warn
  profile:
    description: Profile of the configuration file.
    type: str
    env: [{name: SCW_PROFILE}]
  config_file:
    description: Configuration file of Scaleway's tools. The default is C(~/.config/scw/config.yaml).
    type: path
    env: [{name: SCW_CONFIG_PATH}]
  access_key:
    description: Better set as a variable or in the configuration file.
    type: str
    env: [{name: SCW_ACCESS_KEY}]
  secret_key:
    description: Better set as a variable or in the configuration file.
    type: str
    env: [{name: SCW_SECRET_KEY}]
  api_url:
    description: Where the API is.
    type: str
    env: [{name: SCW_API_URL}]
  project:
    description: Id of the project of the credentials, whose servers are listed where O(projects) names none.
    type: str
    env: [{name: SCW_DEFAULT_PROJECT_ID}]
"""

EXAMPLES = r"""
# scaleway.yml
plugin: katabench.scylla.scaleway
tags: [katabench]
groups:
  bench: true
compose:
  rack: (scaleway_tags | select('match', 'rack=') | first)[5:]
keyed_groups:
  - key: scaleway_zone
    prefix: zone
"""

from concurrent.futures import ThreadPoolExecutor

from ansible.errors import AnsibleParserError
from ansible.module_utils.basic import missing_required_lib
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

from ansible_collections.katabench.scylla.plugins.plugin_utils.scaleway_client import (
    ScalewayError,
    call,
    client_from_settings,
)
from ansible_collections.katabench.scylla.plugins.plugin_utils.scaleway_hosts import (
    HostError,
    elastic_metal_host,
    host_variables,
    instance_host,
    name_hosts,
    not_ready_in_words,
    select_hosts,
)

CLIENT_OPTIONS = ("profile", "config_file", "access_key", "secret_key", "api_url")
FILTERS = ("tags", "projects", "offers", "statuses")
# The largest that the API of Instances knows.
PAGE_SIZE = 100
# The zones by default in one go, so that an API which does not answer is waited for once.
AT_ONCE = 6
PATIENCE_S = 60.0


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    NAME = "katabench.scylla.scaleway"

    def verify_file(self, path):
        return super().verify_file(path) and path.endswith(("scaleway.yml", "scaleway.yaml"))

    def parse(self, inventory, loader, path, cache=True):
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        try:
            self._add(self._hosts(self.get_cache_key(path), cache))
        except (ScalewayError, HostError) as error:
            # What it says is in the sentence, and would be shown again as its cause.
            raise AnsibleParserError(str(error)) from None
        except ImportError as error:
            raise AnsibleParserError(missing_required_lib("scaleway")) from error

    def _hosts(self, key, cache):
        """Ask the cache, and the API where the cache does not know."""
        if cache and self.get_option("cache") and key in self._cache:
            return self._cache[key]
        hosts = self._ask()
        if self.get_option("cache"):
            self._cache[key] = hosts
        return hosts

    def _ask(self):
        settings = {name: self.get_option(name) for name in CLIENT_OPTIONS}
        client = client_from_settings(**settings, project_id=self.get_option("project"))
        questions = [(kind, zone) for kind in self.get_option("kinds") for zone in self.get_option("zones")]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = list(pool.map(lambda question: self._list(client, *question), questions))
        return [host for hosts in answers for host in hosts]

    def _list(self, client, kind, zone):
        """List one kind in one zone, whatever the tags: what they mean is not left to the API's filter."""
        if kind == "instances":
            from scaleway.instance.v1 import InstanceV1API as Api

            noun, describe, size, project_key = "Instances", instance_host, {"per_page": PAGE_SIZE}, "project"
        else:
            from scaleway.baremetal.v1 import BaremetalV1API as Api

            # Without a size the SDK reads on until a page is empty; with one, until a page has less than it asked for.
            noun, describe, size, project_key = "servers", elastic_metal_host, {}, "project_id"
        found = [
            call(
                f"list the {noun} in {zone}",
                Api(client).list_servers_all,
                patience_s=PATIENCE_S,
                zone=zone,
                **size,
                **{project_key: project},
            )
            for project in self.get_option("projects") or [None]  # none: that of the credentials
        ]
        return [describe(server) for servers in found for server in servers]

    def _add(self, found):
        selected = select_hosts(found, **{key: self.get_option(key) for key in FILTERS})
        as_group = self.get_option("not_ready") == "group"
        waiting = [host for host in selected if not host["ready"]]
        if waiting and not as_group:
            self.display.warning(
                f"Not ready yet, and so no hosts: {', '.join(not_ready_in_words(host) for host in waiting)}."
            )
        self.inventory.add_group("scaleway")
        if as_group:
            self.inventory.add_group("scaleway_not_ready")
        for name, host in name_hosts(
            [host for host in selected if host["ready"] or as_group], self.get_option("hostnames")
        ).items():
            self.inventory.add_host(name, group="scaleway" if host["ready"] else "scaleway_not_ready")
            variables = host_variables(host)
            for key, value in variables.items():
                self.inventory.set_variable(name, key, value)
            if host["ready"]:
                self._construct(name, variables)

    def _construct(self, name, variables):
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), variables, name, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), variables, name, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, name, strict=strict)
