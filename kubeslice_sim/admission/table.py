"""The table: every rule, in the order in which an API server, KubeSlice's webhooks and we ask them.

Rules of one stage are asked together, turn by turn (KubeSlice checks one cluster after the other).
"""

from __future__ import annotations

from kubeslice_sim.admission import (
    advice,
    cluster,
    expectation,
    export,
    hub_objects,
    namespace,
    project,
    qos_config,
    slice_lifetime,
    slice_members,
    slice_namespaces,
    slice_network,
    slice_update,
    timeline,
    traffic,
    versions,
    world_rules,
)
from kubeslice_sim.admission.rule import Rule

Stage = tuple[Rule, ...]

STAGES: tuple[Stage, ...] = (
    # The API server itself.
    (namespace.object_name,),
    (namespace.namespace_name,),
    # Project
    (project.project_in_controller_namespace,),
    (project.project_name_without_dot,),
    (project.project_name_length,),
    (project.project_accounts_its_own,),
    (project.project_users,),
    (project.project_without_slices,),
    # Cluster
    (cluster.cluster_in_project_namespace,),
    (cluster.cluster_location,),
    (cluster.cluster_node_ips,),
    (cluster.cluster_in_no_slice,),
    # SliceQoSConfig
    (qos_config.qos_in_project_namespace,),
    (qos_config.qos_guaranteed_within_ceiling,),
    (qos_config.qos_profile_unused,),
    # SliceConfig
    (slice_members.slice_in_project_namespace,),
    (slice_update.slice_mode_kept,),
    (slice_update.slice_fields_kept,),
    (slice_update.slice_gateway_services_kept,),
    (slice_members.slice_clusters_once,),
    (slice_update.slice_new_clusters_ready,),
    (
        slice_members.slice_clusters_registered,
        slice_members.slice_clusters_registration_complete,
        slice_members.slice_clusters_healthy,
        slice_members.slice_clusters_node_ips,
        slice_members.slice_clusters_network,
        slice_members.slice_clusters_cni_known,
        slice_members.slice_subnet_free_of_cni,
    ),
    (
        slice_namespaces.application_namespaces_complete,
        slice_namespaces.application_namespace_clusters_once,
        slice_namespaces.default_slice_without_sameness,
        slice_namespaces.application_namespace_free,
    ),
    (slice_namespaces.allowed_namespace_clusters_once,),
    (
        slice_namespaces.isolation_namespaces,
        slice_namespaces.isolation_clusters,
        slice_namespaces.allowed_namespaces_complete,
    ),
    (slice_network.slice_clusters_fit,),
    (slice_network.slice_subnet_given,),
    (slice_network.slice_subnet_form,),
    (slice_update.slice_size_kept,),
    (slice_network.slice_gateway_provider_given,),
    (slice_network.slice_gateway_service_types,),
    (slice_network.slice_one_qos_profile,),
    (slice_network.slice_qos_profile_exists,),
    (slice_network.slice_guaranteed_within_ceiling,),
    (slice_network.slice_external_gateways,),
    (slice_lifetime.slice_renewal_due,),
    (slice_lifetime.slice_namespaces_deboarded,),
    (slice_lifetime.slice_exports_gone,),
    # What the controller and the workers write
    (hub_objects.export_config_in_project_namespace,),
    (hub_objects.export_config_slice_exists,),
    (hub_objects.export_config_cluster_registered,),
    (hub_objects.export_config_cluster_in_slice,),
    (hub_objects.export_config_endpoints,),
    (hub_objects.rotation_slice_exists,),
    (hub_objects.rotation_outlives_its_slice,),
    (hub_objects.worker_slice_octet_kept,),
    (hub_objects.worker_gateway_number_kept,),
    # ServiceExport
    (export.export_alias_unique,),
    (export.export_slice_exists,),
    (export.export_cluster_in_slice,),
    (export.export_ports_sound,),
    # The world as a whole
    (world_rules.name_unique,),
    (world_rules.placement_exists,),
    (world_rules.namespace_in_one_slice,),
    (world_rules.underlay_clusters_exist,),
    (world_rules.underlay_links_once,),
    (world_rules.underlay_networks,),
    (world_rules.underlay_node_ips_apart,),
    (versions.slice_features_of_version,),
    (versions.project_features_of_version,),
    (versions.export_features_of_version,),
    # Scenarios
    (traffic.traffic_names_unique,),
    (traffic.traffic_ends_exist,),
    (traffic.traffic_port,),
    (traffic.traffic_measure,),
    (traffic.traffic_fields_of_kind,),
    (traffic.traffic_attempts_bounded,),
    (timeline.timeline_one_action,),
    (timeline.fault_one_kind,),
    (timeline.fault_names_unique,),
    (timeline.fault_target_given,),
    (timeline.fault_target_exists,),
    (timeline.link_fault_changes_something,),
    (timeline.restore_names_a_fault,),
    (expectation.expectation_one_subject,),
    (expectation.expectation_names_unique,),
    (expectation.expectation_ends_exist,),
    (expectation.expectation_metric_exists,),
    (expectation.expectation_traffic_exists,),
    (expectation.expectation_limits,),
    (expectation.expectation_window,),
    # Advice
    (advice.cluster_name_long,),
    (advice.slice_name_long,),
    (advice.slice_dscp_unmarked,),
    (advice.slice_of_few_clusters,),
    (advice.slice_bandwidth_sensible,),
    (export.export_namespace_onboarded,),
    (export.export_selects_something,),
    (traffic.traffic_within_scenario,),
    (timeline.timeline_within_scenario,),
)

RULES: tuple[Rule, ...] = tuple(rule for stage in STAGES for rule in stage)
