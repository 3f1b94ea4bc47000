package action

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"path"
	"strings"
)

// Job tells one job from another.
type Job struct {
	// Key is the same in all steps of this attempt of the job, and in no other job
	// on the machine: hexadecimal digits.
	Key string
	// Runner is the same for all jobs of this runner, which does one at a time. It is
	// empty where the runner has no name.
	Runner string
}

// ReadJob returns the job that runs this program as an action. It is zero where
// none does, and in a "run:" step too, which has no end that could clean up.
func ReadJob(lookupEnv func(string) (string, bool)) Job {
	if _, as := lookupEnv("INPUT_CONTEXT"); !as {
		return Job{}
	}
	return ReadPostJob(func(name string) string { v, _ := lookupEnv(name); return v })
}

// ReadPostJob returns the job whose post stage runs this program. Inputs do not tell
// that one does: act gives them to no post stage.
func ReadPostJob(getenv func(string) string) Job {
	if getenv("GITHUB_RUN_ID") == "" {
		return Job{}
	}
	// The runner's name is that of a machine's agent; its folder of work tells two of
	// one name apart. The legs of a matrix have one ID; GitHub's runners run them one after
	// the other. act runs them at the same time, and gives the post stage no input that
	// would tell them apart: its matrices share a builder.
	runner := []string{getenv("GITHUB_SERVER_URL"), getenv("RUNNER_NAME"), path.Dir(getenv("RUNNER_WORKSPACE"))}
	job := []string{
		getenv("GITHUB_REPOSITORY"), getenv("GITHUB_RUN_ID"), getenv("GITHUB_RUN_ATTEMPT"), getenv("GITHUB_JOB"),
	}
	j := Job{Key: digest(append(job, runner...))}
	if getenv("RUNNER_NAME") != "" {
		j.Runner = digest(runner)
	}
	return j
}

func digest(parts []string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:8])
}

// SaveState keeps a value for the step's post stage, which [State] reads. It does
// nothing where no runner keeps any. The delimiter is drawn from random; nil means
// crypto/rand.
// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#sending-values-to-the-pre-and-post-actions
func SaveState(getenv func(string) string, random io.Reader, name, value string) error {
	file := getenv("GITHUB_STATE")
	if file == "" {
		return nil
	}
	if random == nil {
		random = rand.Reader
	}
	entry, err := heredoc(random, output{name, value})
	if err == nil {
		err = appendFile(file, entry)
	}
	if err != nil {
		return fmt.Errorf("saving the state %s: %w", name, err)
	}
	return nil
}

// State returns what the main stage of this step saved.
func State(getenv func(string) string, name string) string { return getenv("STATE_" + name) }
