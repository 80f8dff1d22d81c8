"""Calls one method of the official client's CustomObjectsApi for metrics.k8s.io, and prints what it gave as JSON.

    ask.py KUBECONFIG METHOD [ARGUMENTS]

ARGUMENTS are those of the method as a JSON object; group and version are not among them. A refusal of the API
server is printed as {"refusal": {"status": 404, "body": {...}}}.
"""

import json
import sys

from kubernetes import client, config

TIMEOUT_SECONDS = 20


def main(kubeconfig, method, arguments="{}"):
    config.load_kube_config(config_file=kubeconfig)
    call = getattr(client.CustomObjectsApi(), method)
    try:
        answer = call(
            group="metrics.k8s.io",
            version="v1beta1",
            _request_timeout=TIMEOUT_SECONDS,
            **json.loads(arguments),
        )
    except client.ApiException as error:
        answer = {"refusal": {"status": error.status, "body": json.loads(error.body)}}
    json.dump(answer, sys.stdout)


main(*sys.argv[1:])
