// Package runnertest does for a test what a GitHub Actions runner does for a
// container action: it starts the action's image with the mounts, variables and
// inputs of the runner's contract, and takes apart what the action says to it.
//
//	runner := runnertest.New(t, docker, image)
//	result := runner.Run(t, runnertest.Job{Inputs: …})
//	// result.ExitCode, .Annotations, .Summary, .Outputs, .Log
//
// The contract is that of the runner's ContainerActionHandler: five folders
// below /github, the engine's socket, GITHUB_* and RUNNER_* variables, files for
// outputs and the summary, and commands on standard output that stop-commands
// switches off.
//
// In one thing it differs: the container has the network of the host, so that
// it reaches servers that listen on 127.0.0.1.
package runnertest
