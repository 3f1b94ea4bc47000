// Package action speaks with the GitHub Actions runner that started us.
//
// In come the variables and files the runner sets: the inputs of action.yml
// ([ReadInputs]) and the event that triggered the workflow ([ReadEvent]). Out
// go the step's outputs ([WriteOutputs]), its summary ([WriteSummary]) and the
// lines of its log ([Log]): annotations, notices, masks, and build output
// fenced off so that no line of it is taken for a command ([Fence]).
//
// A runner believes what it reads: a line of the log that starts with "::" is a
// command, and a line of the outputs file can set another output. Whatever came
// from a build, a repository or a pull request therefore passes through this
// package before it reaches the runner, and the tests fuzz that passage.
//
// Inputs carry the names and the value syntax of docker/build-push-action, so
// that moving a workflow over changes its "uses:" line and nothing else.
//
// The environment and the log's writer are handed in:
//
//	in, err := action.ReadInputs(getenv)
//	log := action.NewLog(stdout, nil)
//	fence, err := log.Fence()
//	// ... the build writes to fence ...
//	fence.Close()
//	log.Annotate(annotations)
package action
