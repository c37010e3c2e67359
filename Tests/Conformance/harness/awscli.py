"""The AWS CLI, called as a user would."""

import json
import os
import subprocess

TIMEOUT_SECONDS = 120


class CommandLine:
    """`cli("dynamodb list-tables --region us-east-1")`; returns the parsed output."""

    def __init__(self, endpoint, folder):
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_MAX_ATTEMPTS": "1",
            "AWS_PAGER": "",
        }

    def run(self, *arguments):
        """The finished process; arguments as a list, quotes already taken off by the shell."""
        return subprocess.run(
            ["aws", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            stdin=subprocess.DEVNULL,
        )

    def __call__(self, *arguments):
        """Must succeed."""
        done = self.run(*arguments)
        assert done.returncode == 0, f"aws {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
        return json.loads(done.stdout) if done.stdout.strip() else None
