"""Choice of a free ROS domain."""

from socket import AF_INET, SOCK_DGRAM, socket

from scenerep_ros.ros.transport.domain import DISCOVERY_PORT, DOMAIN_PORTS, free_domain


def test_domain_of_a_running_participant_is_not_chosen():
    domain = free_domain()
    with socket(AF_INET, SOCK_DGRAM) as participant:
        participant.bind(("", DISCOVERY_PORT + DOMAIN_PORTS * domain))
        assert free_domain() != domain
