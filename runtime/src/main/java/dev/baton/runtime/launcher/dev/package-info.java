/**
 * {@code baton run --dev}: a process that watches the projects of plugins, and has the server that it has started
 * upgrade itself when one was compiled.
 *
 * <pre>
 * supervising process                              serving processes, one after the other
 *   {@link dev.baton.runtime.launcher.dev.DevSupervisor}                                   baton run --staged FOLDER
 *     {@link dev.baton.runtime.launcher.dev.PluginBuild}: target/classes -> folder of a plugin
 *     {@link dev.baton.runtime.launcher.dev.StagedPlugins}: FOLDER/plugins                 loads them from there
 *     {@link dev.baton.runtime.launcher.dev.ServingProcesses}: FOLDER/control  <-------->  {@link dev.baton.runtime.launcher.dev.SupervisorLink}
 * </pre>
 */
@NullMarked
package dev.baton.runtime.launcher.dev;

import org.jspecify.annotations.NullMarked;
