# Stops the services of this front end, and leaves a mark here while it goes on. A return of the cmdlet proves nothing; the list of services does.
#   module      the product's module
#   graceful    whether those who are connected may finish
#   run, step   the names of the mark
#   token       the newest token of the step
param([string] $Arguments)
$a = Read-Arguments $Arguments
Invoke-Marked $a {
    if (@(Get-ProductServices $a.module | Where-Object { $_.status -ne 'Stopped' }).Count -gt 0) {
        if ($a.graceful) { Stop-CsWindowsService -Graceful -Confirm:$false } else { Stop-CsWindowsService -Confirm:$false }
    }
}
