"""Event handler of Nagios: sends a change of state to Calipso. Python 3.6, standard library only.

nagios_result.py URL TOKEN_FILE ENV TYPE ID LINK HOST SERVICE STATE STATE_TYPE TIME OUTPUT
"""

import json
import sys
import urllib.error
import urllib.parse
import urllib.request

NAMES = ("calipso_env", "calipso_type", "calipso_id", "calipso_link", "host", "service", "state")
MORE = ("state_type", "time", "output")


def main(words):
    # type: (list[str]) -> int
    """Send one result; 0 when it was taken."""
    if len(words) < 3 + len(NAMES) + len(MORE):
        print(__doc__)
        return 2
    url, path = words[1:3]
    payload = dict(zip(NAMES + MORE, words[3:]))
    query = urllib.parse.urlencode({"env_name": payload["calipso_env"]})
    with open(path, encoding="ascii") as file:
        token = file.read().strip()
    request = urllib.request.Request(  # noqa: S310 - the address is that of the configuration
        "{}/api/v1/monitoring/nagios?{}".format(url.rstrip("/"), query),
        json.dumps(payload).encode(),
        {"Content-Type": "application/json", "Authorization": "Bearer " + token},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - as above
            print(answer.read().decode()[:500])
    except (OSError, ValueError) as failure:
        print(f"not sent: {failure}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
