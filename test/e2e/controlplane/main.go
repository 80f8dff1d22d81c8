// Controlplane is etcd and the programs of Kubernetes, kubectl among them, in one file, so that the tests need one
// build and one link. The program is chosen by the name it is called by, or by the first argument.
package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/component-base/cli"
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlutil "k8s.io/kubectl/pkg/cmd/util"
	kubeapiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	kubecontrollermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	kubeproxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	kubescheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"

	// The log format and the metrics of clients and of the version, which each of the original mains links in too.
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
)

// apart are those that are run in a way of their own: etcd reads its arguments itself, and kubectl says itself
// what went wrong.
var apart = map[string]func([]string){
	"etcd":    etcdmain.Main,
	"kubectl": runKubectl,
}

// programs are cobra commands that all are run in the same way.
var programs = map[string]func(context.Context) *cobra.Command{
	"kube-apiserver":          func(context.Context) *cobra.Command { return kubeapiserver.NewAPIServerCommand() },
	"kube-controller-manager": func(context.Context) *cobra.Command { return kubecontrollermanager.NewControllerManagerCommand() },
	"kube-scheduler":          func(context.Context) *cobra.Command { return kubescheduler.NewSchedulerCommand() },
	"kube-proxy":              func(context.Context) *cobra.Command { return kubeproxy.NewProxyCommand() },
	// The kubelet alone takes its end from outside; the others listen for signals themselves.
	"kubelet": func(ctx context.Context) *cobra.Command { return kubelet.NewKubeletCommand(ctx) },
}

// chosen gives the program that argv names, and the arguments that are left for it.
func chosen(argv []string) (string, []string) {
	name := filepath.Base(argv[0])
	if apart[name] != nil || programs[name] != nil {
		return name, argv[1:]
	}
	if len(argv) > 1 {
		return argv[1], argv[2:]
	}
	return "", nil
}

// runKubectl is kubectl without plugins: nothing else on PATH is ever run in its place.
func runKubectl(arguments []string) {
	streams := genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr}
	command := kubectl.NewKubectlCommand(kubectl.KubectlOptions{Arguments: arguments, IOStreams: streams})
	// It ends the process where that is an error.
	kubectlutil.CheckErr(cli.RunNoErrOutput(command))
}

func main() {
	name, arguments := chosen(os.Args)
	os.Args = append([]string{name}, arguments...)
	if run := apart[name]; run != nil {
		run(os.Args)
		return
	}
	program, known := programs[name]
	if !known {
		names := slices.Concat(slices.Collect(maps.Keys(programs)), slices.Collect(maps.Keys(apart)))
		slices.Sort(names)
		fmt.Fprintf(os.Stderr, "%q is none of %s\n", name, strings.Join(names, ", "))
		os.Exit(2)
	}
	ctx := context.Background()
	if name == "kubelet" {
		var stop context.CancelFunc
		ctx, stop = signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
		defer stop()
	}
	os.Exit(cli.Run(program(ctx)))
}
